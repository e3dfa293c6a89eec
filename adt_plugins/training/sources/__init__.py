"""What clips are rendered from: kits, songs, performances, voices."""
