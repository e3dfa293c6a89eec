"""The material of clips: kits, songs, performances, voices."""
