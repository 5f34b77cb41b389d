#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "cli/flag_value.h"
#include "cli/help.h"

namespace caption::cli {

/// One option of a command, all of it in one place: its names, what help says, which values it takes, where
/// they go, and what it goes with. `Target` is the struct that holds the value, and before parsing the
/// default. Made by the functions below.
template <typename Target>
class Flag {
 public:
  using Add = std::function<CLI::Option*(CLI::App&, Target&)>;
  /// What is wrong with the values, or nothing. One that throws an Error says all of it.
  using Check = std::function<std::string(const Target&)>;

  /// `names`: "-r,--recursive"
  Flag(std::string names, Add add) : names_(std::move(names)), add_(std::move(add)) {}

  /// The command makes no sense without it.
  Flag required() && {
    required_ = true;
    return std::move(*this);
  }
  /// It makes no sense without one of `others`: then `problem` is said.
  Flag needs(std::vector<std::string> others, std::string problem) && {
    rules_.push_back({std::move(others), true, std::move(problem)});
    return std::move(*this);
  }
  /// It makes no sense beside any of `others`: then `problem` is said.
  Flag excludes(std::vector<std::string> others, std::string problem) && {
    rules_.push_back({std::move(others), false, std::move(problem)});
    return std::move(*this);
  }
  /// What a shell offers for its value.
  Flag completed_by(Completion completion) && {
    completion_ = std::move(completion);
    return std::move(*this);
  }
  Flag check(Check check) && {
    check_ = std::move(check);
    return std::move(*this);
  }

  /// The long name: "--recursive".
  std::string name() const { return names_.substr(names_.find("--")); }

  const Completion& completion() const { return completion_; }

  CLI::Option* add_to(CLI::App& app, Target& target) const { return add_(app, target); }

  /// After parsing: that it is missing, or nothing.
  std::string missing(const CLI::App& app) const {
    return required_ && app.count(name()) == 0 ? name() + " is missing" : std::string();
  }

  /// After parsing: what is wrong with its being there, beside the others, or nothing.
  std::string misplaced(const CLI::App& app) const {
    if (!is_given(app, name())) return {};
    for (const Rule& rule : rules_) {
      bool any = false;
      for (const std::string& other : rule.others) any = any || is_given(app, other);
      if (any != rule.needed) return rule.problem;
    }
    return {};
  }

  /// Those that it makes no sense beside.
  std::vector<std::string> excluded() const {
    std::vector<std::string> all;
    for (const Rule& rule : rules_)
      if (!rule.needed) all.insert(all.end(), rule.others.begin(), rule.others.end());
    return all;
  }

  /// After parsing: what is wrong with its value, or nothing.
  std::string wrong(const Target& target) const { return check_ ? check_(target) : std::string(); }

 private:
  struct Rule {
    std::vector<std::string> others;
    bool needed;
    std::string problem;
  };

  std::string names_;
  Add add_;
  bool required_ = false;
  std::vector<Rule> rules_;
  Check check_;
  Completion completion_;
};

template <typename Target>
using Flags = std::vector<Flag<Target>>;

/// Those of `flags` with these names, in the order of the names, for a command that does not take all.
template <typename Target>
Flags<Target> pick(const Flags<Target>& flags, const std::vector<std::string>& names) {
  Flags<Target> picked;
  for (const std::string& name : names) {
    for (const Flag<Target>& flag : flags) {
      if (flag.name() == name) picked.push_back(flag);
    }
  }
  if (picked.size() != names.size())
    throw Error(ErrorKind::internal, "an option that is picked is not declared");
  return picked;
}

template <typename T>
struct Plain {
  using Type = T;
};
template <typename T>
struct Plain<std::optional<T>> {
  using Type = T;
};

/// Takes a number in `range`; help shows it and the default, or `initial` in its place, which says what is
/// without one.
template <typename Target, typename Number>
Flag<Target> number(const std::string& names, Number Target::*member,
                    const Range<typename Plain<Number>::Type>& range, const std::string& help,
                    const std::string& initial = {}) {
  return {names, [=](CLI::App& app, Target& target) {
            const auto set = [&value = target.*member, range, names](const std::string& text) {
              value = to_number(names, range, text);
            };
            std::string standard = initial;
            if constexpr (std::is_arithmetic_v<Number>) standard = to_text(target.*member);
            return app.add_option_function<std::string>(names, set, with_range(help, range, standard))
                ->type_name(std::is_integral_v<typename Plain<Number>::Type> ? "N" : "X");
          }};
}

/// The words that an option takes, and what they stand for.
template <typename Member>
using Choices = std::vector<std::pair<std::string, typename Plain<Member>::Type>>;

/// Takes one of a few words; help shows them and the default.
template <typename Target, typename Member>
Flag<Target> choice(const std::string& names, Member Target::*member, const std::string& type,
                    const Choices<std::type_identity_t<Member>>& choices, const std::string& help) {
  std::vector<std::string> words;
  for (const auto& entry : choices) words.push_back(entry.first);
  const auto add = [=](CLI::App& app, Target& target) {
    std::string initial;
    for (const auto& entry : choices)
      if (target.*member == entry.second) initial = entry.first;
    const auto set = [&target, member, choices, words, names](const std::string& text) {
      target.*member = choices[to_choice(names, words, text)].second;
    };
    return app.add_option_function<std::string>(names, set, with_words(help, words, initial))
        ->type_name(type);
  };
  return Flag<Target>(names, add).completed_by({Completion::Kind::words, words});
}

/// Takes the name of a file, a folder or a model. One that begins with '-' is taken for a forgotten value,
/// "-" alone excepted.
template <typename Target, typename Member>
Flag<Target> name(const std::string& names, Member Target::*member, const std::string& type,
                  const std::string& help) {
  const auto add = [=](CLI::App& app, Target& target) {
    const auto set = [&value = target.*member, names](const std::string& text) {
      require_name(names, text);
      value = text;
    };
    return app.add_option_function<std::string>(names, set, help)->type_name(type);
  };
  return Flag<Target>(names, add).completed_by(completion_of(type));
}

/// Takes any text; into a list, that of each time it is given.
template <typename Target, typename Member>
Flag<Target> text(const std::string& names, Member Target::*member, const std::string& help) {
  return {names, [=](CLI::App& app, Target& target) {
            const auto set = [&value = target.*member](const std::vector<std::string>& texts) {
              if constexpr (std::is_same_v<Member, std::vector<std::string>>) {
                value = texts;
              } else {
                value = texts.back();
              }
            };
            return app.add_option_function<std::vector<std::string>>(names, set, help)
                ->type_name("TEXT")
                ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
                ->expected(1)
                ->allow_extra_args(false);
          }};
}

/// Takes no value, or one of `words` behind "=": `member` is "true" without one.
template <typename Target>
Flag<Target> on_or(const std::string& names, std::string Target::*member, const std::string& help,
                   const std::vector<std::string>& words) {
  const auto add = [=](CLI::App& app, Target& target) { return app.add_flag(names, target.*member, help); };
  return Flag<Target>(names, add).completed_by({Completion::Kind::words, words});
}

/// Takes no value, and gives `member` one.
template <typename Target, typename Member>
Flag<Target> on(const std::string& names, Member Target::*member, const std::string& help,
                const std::type_identity_t<Member>& value = true) {
  return {names, [=](CLI::App& app, Target& target) {
            return app.add_flag_callback(
                names, [&target, member, value] { target.*member = value; }, help);
          }};
}

}  // namespace caption::cli
