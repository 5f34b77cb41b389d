#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caption {

/// A token that is found in a text before anything else is done with it.
struct AddedToken {
  std::int32_t id = 0;
  std::string text;          ///< not empty
  bool special = false;      ///< it stands for no text
  bool strip_left = false;   ///< white space before it is left out
  bool strip_right = false;  ///< and behind it
};

/// The tokens that were added to a vocabulary.
class AddedTokens {
 public:
  AddedTokens() = default;
  explicit AddedTokens(std::vector<AddedToken> tokens);

  struct Found {
    const AddedToken* token;
    std::size_t begin;  ///< in the text, with the white space that it takes
    std::size_t end;
  };
  /// The first one in `text`; of several that begin there, the longest.
  std::optional<Found> first_in(std::string_view text) const;

  bool is_special(std::int32_t id) const;

 private:
  std::vector<AddedToken> tokens_;  ///< longer ones first
};

}  // namespace caption
