"""What goes to the terminal: a model of its cells, and only the difference to what it shows already.

`cells` says what a cell holds and how it looks, `canvas` draws Textual's frames into a grid of cells, `difference` finds the
shortest way from what the terminal shows to what it should show, `driver` is the Textual driver around them.
"""
