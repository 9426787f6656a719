"""Contact and promises: how far each channel gets, when and how often it pays to try, and how near the legal caps that comes."""
