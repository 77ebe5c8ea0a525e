"""The only writers of demos and of what is said of them: one behaviour, one action."""
