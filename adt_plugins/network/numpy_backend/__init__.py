"""A `.tflite` file in NumPy alone, for machines that LiteRT has no wheel for."""
