"""Pictures for demos: one of a point, and one that would do harm if it could."""

import base64

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
HOSTILE_SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=\'harmed\'" width="40" height="40">'
    b"<script>document.title='harmed'; parent.document.title='harmed'</script>"
    b'<rect width="40" height="40" fill="teal"/></svg>'
)
