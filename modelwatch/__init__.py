"""The roof: settings, commands, and the cycle that ties the rooms together."""
