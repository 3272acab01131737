"""Layers: their versions, who may use them, and how functions hold on to what they use."""
