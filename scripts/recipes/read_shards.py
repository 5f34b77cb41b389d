"""Reads tars that 'caption --output-tar' wrote with the package webdataset, and prints a line for each sample.

Usage: read_shards.py TAR...      needs webdataset and Pillow: pip install webdataset pillow
"""

import io
import sys

import webdataset
from PIL import Image

PICTURES = "jpg;jpeg;png;webp;bmp;tif;tiff;gif"


def main(tars):
    for tar in tars:
        for key, picture, text, record in webdataset.WebDataset(tar, shardshuffle=False).to_tuple("__key__", PICTURES, "txt", "json"):
            size = "x".join(map(str, Image.open(io.BytesIO(picture)).size))
            print(key, size, text.decode(), record.decode(), sep="\t")


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    main(sys.argv[1:])
