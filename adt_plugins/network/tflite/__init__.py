"""Writes `.tflite` files; running a network needs none of this."""
