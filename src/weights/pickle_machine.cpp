#include "weights/pickle_machine.h"

#include <string_view>
#include <utility>

#include "weights/pickle_globals.h"

namespace caption {
namespace {

constexpr std::string_view kOrderedDict = "collections OrderedDict";
constexpr std::string_view kTypedContainer = "torch.jit._pickle ";

enum Opcode : std::uint8_t {
  MARK = '(',
  STOP = '.',
  POP = '0',
  POP_MARK = '1',
  BINFLOAT = 'G',
  BININT = 'J',
  BININT1 = 'K',
  BININT2 = 'M',
  NONE = 'N',
  BINPERSID = 'Q',
  REDUCE = 'R',
  BINSTRING = 'T',
  SHORT_BINSTRING = 'U',
  BINUNICODE = 'X',
  BINBYTES = 'B',
  SHORT_BINBYTES = 'C',
  APPEND = 'a',
  BUILD = 'b',
  GLOBAL = 'c',
  EMPTY_LIST = ']',
  EMPTY_TUPLE = ')',
  EMPTY_DICT = '}',
  APPENDS = 'e',
  BINGET = 'h',
  LONG_BINGET = 'j',
  BINPUT = 'q',
  LONG_BINPUT = 'r',
  SETITEM = 's',
  TUPLE = 't',
  SETITEMS = 'u',
  PROTO = 0x80,
  NEWOBJ = 0x81,
  TUPLE1 = 0x85,
  TUPLE2 = 0x86,
  TUPLE3 = 0x87,
  NEWTRUE = 0x88,
  NEWFALSE = 0x89,
  LONG1 = 0x8a,
  LONG4 = 0x8b,
  SHORT_BINUNICODE = 0x8c,
  BINUNICODE8 = 0x8d,
  BINBYTES8 = 0x8e,
  EMPTY_SET = 0x8f,
  ADDITEMS = 0x90,
  FROZENSET = 0x91,
  NEWOBJ_EX = 0x92,
  STACK_GLOBAL = 0x93,
  MEMOIZE = 0x94,
  FRAME = 0x95,
  BYTEARRAY8 = 0x96,
};

constexpr int kOldestProtocol = 2;
constexpr int kNewestProtocol = 5;

}  // namespace

PickleMachine::PickleMachine(const MappedFile& file, const std::string& what,
                             std::span<const std::byte> bytes, Pickle& result)
    : reader_(file, what, bytes), result_(result) {}

void PickleMachine::run() {
  if (reader_.u8() != PROTO) reader_.fail("expected a pickle of protocol 2 to 5");
  if (const int protocol = reader_.u8(); protocol < kOldestProtocol || protocol > kNewestProtocol) {
    reader_.fail("a pickle of protocol " + std::to_string(protocol) +
                 "; expected 2 to 5: save the file again with torch.save's default protocol");
  }
  while (true) {
    const std::uint8_t opcode = reader_.u8();
    if (opcode == STOP) break;
    if (!step(opcode) && !step_container(opcode)) {
      reader_.fail("refused: pickle opcode " + std::to_string(opcode) +
                   " is none that weights need; nothing from the file was executed");
    }
  }
  result_.root_ = &pop();
  if (!stack_.empty() || !marks_.empty()) reader_.fail("values are left when the pickle stops");
  result_.size_ = reader_.position();
}

/// Scalars, names and the memo. False if `opcode` is none of them.
bool PickleMachine::step(std::uint8_t opcode) {
  switch (opcode) {
    case NONE:
      push(Kind::none);
      return true;
    case NEWTRUE:
      push(Kind::boolean, 1);
      return true;
    case NEWFALSE:
      push(Kind::boolean, 0);
      return true;
    case BININT:
      push(Kind::integer, static_cast<std::int32_t>(reader_.u32()));
      return true;
    case BININT1:
      push(Kind::integer, reader_.u8());
      return true;
    case BININT2:
      push(Kind::integer, reader_.u16());
      return true;
    case LONG1:
      push_long(reader_.u8());
      return true;
    case LONG4:
      push_long(reader_.u32());
      return true;
    case BINFLOAT:
      reader_.take(8);
      push(Kind::real);
      return true;
    case BINUNICODE:
    case BINSTRING:
      push_text(reader_.u32());
      return true;
    case BINUNICODE8:
      push_text(reader_.u64());
      return true;
    case SHORT_BINSTRING:
    case SHORT_BINUNICODE:
      push_text(reader_.u8());
      return true;
    case SHORT_BINBYTES:
      skip_bytes(reader_.u8());
      return true;
    case BINBYTES:
      skip_bytes(reader_.u32());
      return true;
    case BINBYTES8:
    case BYTEARRAY8:
      skip_bytes(reader_.u64());
      return true;
    case FRAME:  // says how much may be read ahead, which is no matter here
      reader_.take(8);
      return true;
    case GLOBAL: {
      const std::string module = reader_.line(kLongestGlobal);
      push_global(module, reader_.line(kLongestGlobal));
      return true;
    }
    case STACK_GLOBAL: {
      const PickleValue& member = pop();
      const PickleValue& module = pop();
      if (!member.is(Kind::text) || !module.is(Kind::text))
        reader_.fail("the pickle names a global by " + describe(module) + " and " + describe(member));
      push_global(module.text, member.text);
      return true;
    }
    case BINPERSID:
      persistent_id();
      return true;
    case MEMOIZE:
      put(static_cast<std::uint32_t>(memo_.size()));
      return true;
    case BINPUT:
      put(reader_.u8());
      return true;
    case LONG_BINPUT:
      put(reader_.u32());
      return true;
    case BINGET:
      get(reader_.u8());
      return true;
    case LONG_BINGET:
      get(reader_.u32());
      return true;
    default:
      return false;
  }
}

/// Tuples, lists, dicts and objects. False if `opcode` makes or changes none of them.
bool PickleMachine::step_container(std::uint8_t opcode) {
  switch (opcode) {
    case MARK:
      if (marks_.size() == kMostMarks)
        reader_.fail("nested more than " + std::to_string(kMostMarks) + " deep");
      marks_.push_back(stack_.size());
      return true;
    case POP:  // of what a tuple that holds itself has left
      if (stack_.size() > (marks_.empty() ? 0 : marks_.back()) || marks_.empty()) {
        pop();
      } else {
        pop_to_mark();
      }
      return true;
    case POP_MARK:
      pop_to_mark();
      return true;
    case EMPTY_TUPLE:
      push(Kind::tuple);
      return true;
    case EMPTY_LIST:
      push(Kind::list);
      return true;
    case EMPTY_DICT:
      push(Kind::dict);
      return true;
    case TUPLE:
      push_tuple(pop_to_mark());
      return true;
    case TUPLE1:
      push_tuple(1);
      return true;
    case TUPLE2:
      push_tuple(2);
      return true;
    case TUPLE3:
      push_tuple(3);
      return true;
    case APPEND:
      append({&pop()});
      return true;
    case APPENDS:
      append(pop_to_mark());
      return true;
    case SETITEM: {
      const PickleValue* const value = &pop();
      set_items({&pop(), value});
      return true;
    }
    case SETITEMS:
      set_items(pop_to_mark());
      return true;
    case EMPTY_SET:
      push(Kind::other);
      return true;
    case ADDITEMS:
      pop_to_mark();
      return true;
    case FROZENSET:
      pop_to_mark();
      push(Kind::other);
      return true;
    case REDUCE:
      reduce();
      return true;
    case NEWOBJ_EX:
      pop();  // arguments by name: what takes them is no class of TorchScript's
      new_object();
      return true;
    case NEWOBJ:
      new_object();
      return true;
    case BUILD:
      build();
      return true;
    default:
      return false;
  }
}

PickleValue& PickleMachine::make(Kind kind) {
  if (result_.values_.size() == kMostValues) {
    reader_.fail("more than " + std::to_string(kMostValues) + " values");
  }
  PickleValue& value = result_.values_.emplace_back();
  value.kind = kind;
  return value;
}

void PickleMachine::push(Kind kind, std::int64_t integer) {
  PickleValue& value = make(kind);
  value.integer = integer;
  push(value);
}

void PickleMachine::push(PickleValue& value) {
  if (stack_.size() == kMostValues)
    reader_.fail("a stack of more than " + std::to_string(kMostValues) + " values");
  stack_.push_back(&value);
}

void PickleMachine::add_items(PickleValue& container, const Items& items) {
  if (items.size() > kMostItems - items_) {
    reader_.fail("containers of more than " + std::to_string(kMostItems) + " items");
  }
  items_ += items.size();
  container.items.insert(container.items.end(), items.begin(), items.end());
}

/// A text that is too long for a name is of no interest.
void PickleMachine::push_text(std::uint64_t size) {
  if (size > kLongestText) return skip_bytes(size);
  PickleValue& value = make(Kind::text);
  value.text = reader_.text(size);
  push(value);
}

void PickleMachine::skip_bytes(std::uint64_t size) {
  reader_.take(size);
  push(Kind::other);
}

/// An integer that does not fit is of no interest.
void PickleMachine::push_long(std::uint64_t size) {
  if (size > sizeof(std::int64_t)) return skip_bytes(size);
  const auto bytes = reader_.take(size);
  std::uint64_t value = size != 0 && std::to_integer<int>(bytes[size - 1] >> 7) != 0 ? ~std::uint64_t{0} : 0;
  for (std::size_t i = size; i-- > 0;) value = (value << 8) | std::to_integer<std::uint64_t>(bytes[i]);
  push(Kind::integer, static_cast<std::int64_t>(value));
}

void PickleMachine::push_tuple(std::size_t count) {
  Items items(count);
  for (std::size_t i = count; i-- > 0;) items[i] = &pop();
  push_tuple(items);
}

void PickleMachine::push_tuple(const Items& items) {
  PickleValue& value = make(Kind::tuple);
  add_items(value, items);
  push(value);
}

void PickleMachine::push_global(const std::string& module, const std::string& member) {
  std::string name = module;
  name += " " + member;
  if (!is_known_global(name)) {
    reader_.fail("refused: the file asks for '" + shown(module) + "." + shown(member) +
                 "', which weights do not need; nothing from the file was executed. If you trust whoever "
                 "made it, load it "
                 "in Python and save only its tensors: torch.save(model.state_dict(), FILE)");
  }
  PickleValue& value = make(Kind::global);
  value.text = std::move(name);
  push(value);
}

PickleValue& PickleMachine::pop() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back()))
    reader_.fail("the pickle takes a value that is not there");
  PickleValue& value = *stack_.back();
  stack_.pop_back();
  return value;
}

PickleValue& PickleMachine::top(Kind expected) {
  PickleValue& value = pop();
  push(value);
  if (!value.is(expected)) {
    reader_.fail("the pickle changes " + describe(value) + " as if it were " +
                 (expected == Kind::list ? "a list" : "a dict"));
  }
  return value;
}

PickleMachine::Items PickleMachine::pop_to_mark() {
  if (marks_.empty()) reader_.fail("the pickle ends a group that it never began");
  const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  Items items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

void PickleMachine::put(std::uint32_t index) {
  PickleValue& value = pop();
  push(value);
  if (memo_.size() == kMostValues) reader_.fail("more than " + std::to_string(kMostValues) + " memo entries");
  memo_[index] = &value;
}

void PickleMachine::get(std::uint32_t index) {
  const auto found = memo_.find(index);
  if (found == memo_.end()) reader_.fail("memo entry " + std::to_string(index) + " was never set");
  push(*found->second);
}

void PickleMachine::append(const Items& items) {
  PickleValue& list = pop();
  push(list);
  if (list.is(Kind::call) && is_kept_beside_weights(list.text)) return;  // a list of a kind of its own
  top(Kind::list);
  add_items(list, items);
}

void PickleMachine::set_items(const Items& items) {
  if (items.size() % 2 != 0) reader_.fail("a key without a value");
  PickleValue& dict = pop();
  push(dict);
  become_dict(dict);
  add_items(top(Kind::dict), items);
}

/// An object that is given entries or attributes is a dict of them.
void PickleMachine::become_dict(PickleValue& value) {
  if (!value.is(Kind::call) || !is_kept_beside_weights(value.text)) return;
  value.kind = Kind::dict;
  value.items.clear();
}

void PickleMachine::reduce() {
  const PickleValue& arguments = pop();
  const PickleValue& function = pop();
  if (!arguments.is(Kind::tuple) || !function.is(Kind::global)) {
    reader_.fail("the pickle calls " + describe(function) + " with " + describe(arguments));
  }
  if (function.text == kOrderedDict) return reduce_ordered_dict(arguments.items);
  if (function.text.starts_with(kTypedContainer)) {
    if (arguments.items.empty()) reader_.fail(describe(function) + " without a container");
    // Constant only for the readers of the result: every value is this machine's own.
    push(const_cast<PickleValue&>(*arguments.items.front()));
    return;
  }
  if (!is_known_call(function.text) && !is_kept_beside_weights(function.text)) {
    reader_.fail("refused: the file calls " + describe(function) + "; nothing from the file was executed");
  }
  PickleValue& call = make(Kind::call);
  call.text = function.text;
  add_items(call, arguments.items);
  push(call);
}

void PickleMachine::reduce_ordered_dict(const Items& arguments) {
  PickleValue& dict = make(Kind::dict);
  // Python 2 gives the pairs as an argument, Python 3 sets them afterwards.
  if (arguments.size() > 1 || (arguments.size() == 1 && !arguments[0]->is(Kind::list))) {
    reader_.fail("an OrderedDict with unknown arguments");
  }
  for (const PickleValue* pair : arguments.empty() ? Items{} : arguments[0]->items) {
    if (pair->items.size() != 2) reader_.fail("an OrderedDict with a pair that is " + describe(*pair));
    add_items(dict, pair->items);
  }
  push(dict);
}

void PickleMachine::new_object() {
  const PickleValue& arguments = pop();
  const PickleValue& type = pop();
  if (arguments.is(Kind::tuple) && type.is(Kind::global) && is_kept_beside_weights(type.text)) {
    PickleValue& call = make(Kind::call);
    call.text = type.text;
    add_items(call, arguments.items);
    push(call);
    return;
  }
  if (!arguments.is(Kind::tuple) || !arguments.items.empty() || !type.is(Kind::global) ||
      !is_torchscript_class(type.text)) {
    reader_.fail("refused: the file makes an object of " + describe(type) +
                 "; nothing from the file was executed");
  }
  PickleValue& object = make(Kind::object);
  object.text = type.text;
  push(object);
}

void PickleMachine::build() {
  const PickleValue& state = pop();
  PickleValue& value = pop();
  push(value);
  // The state of a dict is what Python hung on it (a state dict's _metadata): no weights.
  if (value.is(Kind::dict) && (state.is(Kind::dict) || state.is(Kind::tuple))) return;
  if (value.is(Kind::call) && is_kept_beside_weights(value.text)) {
    if (!state.is(Kind::dict)) return;
    become_dict(value);
    return add_items(value, state.items);
  }
  if (!value.is(Kind::object) || !value.items.empty()) {
    reader_.fail("the pickle sets the state of " + describe(value));
  }
  add_items(value, {&state});
}

void PickleMachine::persistent_id() {
  const PickleValue& id = pop();
  if (!id.is(Kind::tuple)) reader_.fail("a persistent id that is " + describe(id) + "; expected a tuple");
  // The format before torch 1.6 keeps a module's source beside its class, which is of no interest.
  const auto& items = id.items;
  if (items.size() > 1 && items[0]->is(Kind::text) && items[0]->text == "module" &&
      items[1]->is(Kind::global))
    return push(const_cast<PickleValue&>(*items[1]));
  PickleValue& value = make(Kind::persistent);
  add_items(value, id.items);
  result_.persistent_.push_back(&value);
  push(value);
}

}  // namespace caption
