#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "weights/pickle.h"

namespace caption {

/// Runs a pickle's opcodes over a stack of symbols. All memory is bounded by the caps below.
class PickleMachine {
 public:
  PickleMachine(const MappedFile& file, const std::string& what, std::span<const std::byte> bytes,
                Pickle& result);

  void run();

  static constexpr std::size_t kMostBytes = 64 << 20;
  static constexpr std::size_t kMostValues = 2'000'000;
  /// Of all containers together: a memoised list can be copied many times.
  static constexpr std::size_t kMostItems = 4'000'000;
  static constexpr std::size_t kMostMarks = 1'000;
  static constexpr std::size_t kLongestText = 64 * 1024;
  static constexpr std::size_t kLongestGlobal = 256;

 private:
  using Kind = PickleValue::Kind;
  using Items = std::vector<const PickleValue*>;

  bool step(std::uint8_t opcode);
  bool step_container(std::uint8_t opcode);

  PickleValue& make(Kind kind);
  void push(Kind kind, std::int64_t integer = 0);
  void push(PickleValue& value);
  void add_items(PickleValue& container, const Items& items);
  void push_text(std::uint64_t size);
  void push_long(std::uint64_t size);
  void skip_bytes(std::uint64_t size);
  void push_tuple(std::size_t count);
  void push_tuple(const Items& items);
  void push_global(const std::string& module, const std::string& member);

  PickleValue& pop();
  PickleValue& top(Kind expected);
  Items pop_to_mark();

  void put(std::uint32_t index);
  void get(std::uint32_t index);
  void append(const Items& items);
  void set_items(const Items& items);
  void become_dict(PickleValue& value);
  void reduce();
  void reduce_ordered_dict(const Items& arguments);
  void new_object();
  void build();
  void persistent_id();

  ByteReader reader_;
  Pickle& result_;
  std::size_t items_ = 0;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint32_t, PickleValue*> memo_;
};

}  // namespace caption
