"""Runs `.tflite` files in NumPy alone, on machines without a wheel of LiteRT."""
