"""The parts of the screen. Each draws itself line by line and repaints only the lines that changed."""
