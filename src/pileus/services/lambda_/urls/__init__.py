"""Function URLs: their settings, and the requests that come to them."""
