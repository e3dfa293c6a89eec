"""Writing `.tflite` files; running a network needs none of it."""
