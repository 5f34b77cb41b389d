"""Reads tars that 'caption --output-tar' wrote with the package webdataset, and prints a line for each captioned picture.

Usage: read_shards.py TAR...      needs webdataset and Pillow: pip install webdataset pillow

A sample may have several pictures, as "0001.front.jpg" and "0001.back.jpg": WebDataset's key ends at the first dot, "0001", and what stands
behind it, "front.jpg", says which is which. Samples without a caption are passed over.
"""

import io
import sys

import webdataset
from PIL import Image

PICTURES = {"jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "gif"}


def captioned_pictures(sample):
    """-> (extension, text, record) of each"""
    for extension in sample:
        ending = extension.rpartition(".")[2]
        # Where two differ in their endings alone, the second one's texts stand behind its own.
        stem = next((stem for stem in (extension + ".", extension.removesuffix(ending)) if stem + "txt" in sample), None)
        if ending in PICTURES and stem is not None:
            yield extension, sample[stem + "txt"].decode(), sample[stem + "json"].decode()


def main(tars):
    for tar in tars:
        for sample in webdataset.WebDataset(tar, shardshuffle=False):
            for extension, text, record in captioned_pictures(sample):
                size = "x".join(map(str, Image.open(io.BytesIO(sample[extension])).size))
                print(sample["__key__"], extension, size, text, record, sep="\t")


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    main(sys.argv[1:])
