#include "weights/pickle.h"

#include <algorithm>

#include "weights/pickle_machine.h"

namespace caption {

const PickleValue* PickleValue::find(std::string_view key) const {
  for (std::size_t i = 0; kind == Kind::dict && i + 1 < items.size(); i += 2) {
    if (items[i]->is(Kind::text) && items[i]->text == key) return items[i + 1];
  }
  return nullptr;
}

std::string describe(const PickleValue& value) {
  using Kind = PickleValue::Kind;
  switch (value.kind) {
    case Kind::none:
      return "None";
    case Kind::boolean:
      return "a boolean";
    case Kind::integer:
      return "the integer " + std::to_string(value.integer);
    case Kind::real:
      return "a float";
    case Kind::text:
      return "the string '" + shown(value.text) + "'";
    case Kind::tuple:
      return "a tuple";
    case Kind::list:
      return "a list";
    case Kind::dict:
      return "a dict";
    case Kind::global:
      return "the name " + shown(value.text);
    case Kind::object:
      return "an object of " + shown(value.text);
    case Kind::call:
      return "a call of " + shown(value.text);
    case Kind::other:
      return "a value of another kind";
    case Kind::persistent:
      return "a storage";
  }
  return "something unknown";
}

Pickle::Pickle(const MappedFile& file, const std::string& what, std::span<const std::byte> bytes) {
  const auto part = bytes.first(std::min(bytes.size(), PickleMachine::kMostBytes));
  PickleMachine(file, what, part, *this).run();
}

}  // namespace caption
