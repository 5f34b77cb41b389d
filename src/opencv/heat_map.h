#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace caption {

/// A colour to lay over a picture.
struct HeatColour {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
  std::uint8_t alpha = 0;  ///< 0 is transparent
};

/// The colour of a heat, of which 1 (and more) is a full loss and -1 a full gain: transparent at 0, over
/// orange to light yellow, or over blue to light blue. Each branch grows lighter and more opaque, so that it
/// is ordered for any eyes, and orange and blue differ for all common kinds of colour blindness.
HeatColour heat_colour(double share);

/// The heat that has the full colour in the map of a word, see kLeastFullHeat.
double full_heat(std::span<const double> heat);

/// heat [cells, cells] -> shares of the full heat [side, side], smoothed between the cells' middles.
std::vector<float> spread_heat(std::span<const double> heat, int cells, int side);

/// A word's heat [cells, cells] as a PNG file's bytes with transparency, side x side, to be laid over the
/// square that the model saw.
std::vector<std::byte> encode_heat_map(std::span<const double> heat, int cells, int side);

}  // namespace caption
