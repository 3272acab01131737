"""What functions are made of, on this machine's disk: packages, layers, images, file systems."""
