"""Pictures of pages, compared point by point in a browser, which can read them."""

from base64 import b64encode

from playwright.sync_api import Page

# How far apart two channels of a point may be, of 255, before it counts as another one.
NOTICED = 24
COMPARE = """async ([noticed, ...pictures]) => {
    const [one, other] = await Promise.all(pictures.map(async (data) => {
        const image = new Image();
        image.src = `data:image/png;base64,${data}`;
        await image.decode();
        const canvas = new OffscreenCanvas(image.width, image.height);
        const drawn = canvas.getContext("2d");
        drawn.drawImage(image, 0, 0);
        return drawn.getImageData(0, 0, image.width, image.height);
    }));
    if (one.width !== other.width || one.height !== other.height) return 1;
    let others = 0;
    for (let at = 0; at < one.data.length; at += 4) {
        const by = (channel) => Math.abs(one.data[at + channel] - other.data[at + channel]);
        if (Math.max(by(0), by(1), by(2)) > noticed) others += 1;
    }
    return others / (one.width * one.height);
}"""


def unlike(page: Page, one: bytes, other: bytes) -> float:
    """The share of points in which two PNGs are not alike; 1 where they are not of one size. Any page will do."""
    share: float = page.evaluate(COMPARE, [NOTICED, b64encode(one).decode(), b64encode(other).decode()])
    return share
