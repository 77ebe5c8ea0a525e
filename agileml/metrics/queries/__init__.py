"""Reading what was measured, and who is champion."""
