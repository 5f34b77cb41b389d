#pragma once

/// What the shared library offers to programs that use it; everything else in it is hidden.
#define CAPTION_API __attribute__((visibility("default")))
