"""The statistical core: arrays in, frozen results out."""
