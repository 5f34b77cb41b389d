#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace caption {

/// What is taken of a folder, by shell patterns: *, ? and [...]. One with a '/' is for the path below the
/// folder that was named, where * also stands for '/'; one without is for the name alone.
struct Patterns {
  std::vector<std::string> include;  ///< files: only those that one of these fits; none: all
  std::vector<std::string> exclude;  ///< files, and folders with all that is in them
  bool drawings = false;             ///< whether SVG files are pictures, too

  /// Whether a file is taken, or a folder is looked into. `below`: its path below the folder that was named.
  bool takes_file(const std::string& below) const;
  bool enters(const std::string& below) const;

  /// Whether a file is called like a picture, whatever the patterns say.
  bool is_picture_name(const std::string& name) const;
};

/// One of some parts of any list of inputs. In which part an input is depends on its name alone, so that
/// others beside it move it to no other part; each part has about as many.
struct Shard {
  std::uint64_t index = 1;  ///< from 1 on
  std::uint64_t count = 1;

  /// By FNV-1a of 64 bits, its halves mixed, modulo `count`.
  bool takes(const std::string& name) const;
};

}  // namespace caption
