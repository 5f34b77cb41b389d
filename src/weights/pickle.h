#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weights/byte_reader.h"

namespace caption {

/// What a pickle describes, as data: calls stay symbols, nothing is ever called.
struct PickleValue {
  enum class Kind {
    none,
    boolean,     ///< integer: 0 or 1
    integer,     ///< integer
    real,        ///< the value is of no interest
    text,        ///< text
    tuple,       ///< items
    list,        ///< items
    dict,        ///< items: key, value, key, value, ...; OrderedDict too
    global,      ///< text: "module name"
    object,      ///< text: "__torch__... name"; items: its state, if BUILD gave one
    call,        ///< text: the function's or type's "module name"; items: the arguments. One that is given
                 ///< entries or attributes becomes a dict of them
    other,       ///< bytes, or a set: of no interest
    persistent,  ///< items: those of the persistent id, a tuple
  };
  Kind kind = Kind::none;
  std::int64_t integer = 0;
  std::string text;
  std::vector<const PickleValue*> items;

  bool is(Kind other) const { return kind == other; }
  /// Value of a text key of a dict; nullptr if there is none.
  const PickleValue* find(std::string_view key) const;
};

/// "a dict", "a tuple", ...: for messages.
std::string describe(const PickleValue& value);

/// One parsed pickle of torch's: protocols 2 to 5, with the opcodes and globals that its state dicts and
/// TorchScript archives consist of, and no other.
class Pickle {
 public:
  /// Parses the pickle at the start of `bytes`; more may follow. `what` names it in messages. Throws
  /// Error(model), for a global that is not on the list with the assurance that nothing was executed.
  Pickle(const MappedFile& file, const std::string& what, std::span<const std::byte> bytes);

  const PickleValue& root() const { return *root_; }
  /// Every persistent id, in the file's order.
  const std::vector<const PickleValue*>& persistent() const { return persistent_; }
  /// Number of bytes up to and with STOP.
  std::size_t size() const { return size_; }

 private:
  friend class PickleMachine;
  // The values own nothing of each other: cycles and depth cost nothing when they go.
  std::deque<PickleValue> values_;
  std::vector<const PickleValue*> persistent_;
  const PickleValue* root_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace caption
