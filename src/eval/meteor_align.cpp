#include "eval/meteor_align.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <vector>

namespace caption::eval {
namespace {

constexpr std::size_t kBeam = 40;

/// The search weighs all modules but the first alike, whatever the score does.
double search_weight(MeteorModule module) {
  return module == MeteorModule::exact ? 1.0 : 0.5;
}

/// A choice of matches for the first words of the reference.
struct Path {
  std::vector<const Match*> chosen;  ///< by where they start in the reference
  std::vector<char> candidate_used;
  std::vector<char> reference_used;
  int candidate_weight = 0;  ///< rounded down after each match, as METEOR does
  int reference_weight = 0;
  int chunks = 0;
  int distance = 0;
  std::size_t next = 0;                    ///< behind the last match
  std::optional<std::size_t> chunk_end{};  ///< where the candidate's words would go on

  bool used(const Match& match) const {
    for (std::size_t i = 0; i < match.length; ++i)
      if (reference_used[match.start + i] != 0) return true;
    for (std::size_t i = 0; i < match.other_length; ++i)
      if (candidate_used[match.other_start + i] != 0) return true;
    return false;
  }
  void use(const Match& match) {
    chosen[match.start] = &match;
    for (std::size_t i = 0; i < match.length; ++i) reference_used[match.start + i] = 1;
    for (std::size_t i = 0; i < match.other_length; ++i) candidate_used[match.other_start + i] = 1;
  }
  void count(const Match& match) {
    const double weight = search_weight(match.module);
    candidate_weight = static_cast<int>(candidate_weight + static_cast<double>(match.other_length) * weight);
    reference_weight = static_cast<int>(reference_weight + static_cast<double>(match.length) * weight);
    if (chunk_end && match.other_start != *chunk_end) ++chunks;
    next = match.start + match.length;
    chunk_end = match.other_start + match.other_length;
  }
  void end_chunk() {
    if (chunk_end) ++chunks;
    chunk_end.reset();
  }

  bool operator<(const Path& other) const {
    const int weight = candidate_weight + reference_weight;
    const int other_weight = other.candidate_weight + other.reference_weight;
    if (weight != other_weight) return weight > other_weight;
    return chunks != other.chunks ? chunks < other.chunks : distance < other.distance;
  }
};

int distance_of(const Match& match) {
  return std::abs(static_cast<int>(match.start) - static_cast<int>(match.other_start));
}

/// Takes the matches that no other one competes with.
Path first_path(const Matches& matches) {
  Path path;
  path.chosen.resize(matches.at.size());
  path.candidate_used.resize(matches.candidate_coverage.size());
  path.reference_used.resize(matches.reference_coverage.size());
  for (const std::vector<Match>& starting : matches.at) {
    if (starting.size() != 1) continue;
    const Match& match = starting.front();
    bool alone = true;
    for (std::size_t i = 0; i < match.length; ++i)
      alone = alone && matches.reference_coverage[match.start + i] == 1;
    for (std::size_t i = 0; i < match.other_length; ++i)
      alone = alone && matches.candidate_coverage[match.other_start + i] == 1;
    if (alone) path.use(match);
  }
  return path;
}

/// Takes `path` over the reference's word `at`, in all ways there are.
void advance(Path path, std::size_t at, const Matches& matches, std::vector<Path>& next) {
  if (path.reference_used[at] != 0) {
    if (at < path.next) {
      next.push_back(std::move(path));
    } else if (const Match* const match = path.chosen[path.next]; match != nullptr) {
      path.count(*match);
      path.distance += distance_of(*match);
      next.push_back(std::move(path));
    }
    return;
  }
  for (const Match& match : matches.at[at]) {
    if (path.used(match)) continue;
    Path other = path;
    other.use(match);
    other.count(match);
    path.distance += distance_of(match);  // of the path that goes on without it: so METEOR's own search does
    next.push_back(std::move(other));
  }
  path.end_chunk();
  ++path.next;
  next.push_back(std::move(path));
}

Path best_path(const Matches& matches) {
  std::vector<Path> paths = {first_path(matches)};
  for (std::size_t at = 0; at < matches.at.size(); ++at) {
    std::stable_sort(paths.begin(), paths.end());
    if (paths.size() > kBeam) paths.erase(paths.begin() + kBeam, paths.end());
    std::vector<Path> next;
    next.reserve(paths.size() * 2);
    const Path first = paths.front();
    for (Path& path : paths) advance(std::move(path), at, matches, next);
    if (next.empty()) next.push_back(first);
    paths = std::move(next);
  }
  std::stable_sort(paths.begin(), paths.end());
  if (paths.size() > kBeam) paths.erase(paths.begin() + kBeam, paths.end());
  for (Path& path : paths) path.end_chunk();
  return *std::min_element(paths.begin(), paths.end());
}

double count_chunks(const std::vector<const Match*>& chosen) {
  int chunks = 0;
  std::optional<std::size_t> end;
  for (std::size_t at = 0; at < chosen.size();) {
    const Match* const match = chosen[at];
    if (end && (match == nullptr || match->other_start != *end)) ++chunks;
    end.reset();
    if (match != nullptr) end = match->other_start + match->other_length;
    at += match == nullptr ? 1 : match->length;
  }
  return chunks + (end ? 1 : 0);
}

}  // namespace

double MeteorStats::Side::matches() const {
  double sum = 0;
  for (std::size_t i = 0; i < kMeteorModules; ++i) sum += content_matches[i] + function_matches[i];
  return sum;
}

void MeteorStats::add(const MeteorStats& other, double times) {
  const bool whole = other.candidate.matches() == other.candidate.length &&
                     other.reference.matches() == other.reference.length && other.chunks == 1;
  if (!whole) chunks += times * other.chunks;
  const auto add_side = [times](Side& side, const Side& more) {
    side.length += times * more.length;
    side.function_words += times * more.function_words;
    for (std::size_t i = 0; i < kMeteorModules; ++i) {
      side.content_matches[i] += times * more.content_matches[i];
      side.function_matches[i] += times * more.function_matches[i];
    }
  };
  add_side(candidate, other.candidate);
  add_side(reference, other.reference);
}

MeteorStats align(std::span<const WordId> candidate, std::span<const WordId> reference,
                  const MeteorData& data) {
  const Matches matches = all_matches(candidate, reference, data);
  const Path best = best_path(matches);
  MeteorStats stats;
  const auto count = [&](MeteorStats::Side& side, std::span<const WordId> words) {
    side.length = static_cast<double>(words.size());
    for (const WordId word : words) side.function_words += data.function_words[word] ? 1 : 0;
  };
  count(stats.candidate, candidate);
  count(stats.reference, reference);
  const auto add = [&](MeteorStats::Side& side, std::span<const WordId> words, MeteorModule module) {
    for (const WordId word : words) {
      auto& matched = data.function_words[word] ? side.function_matches : side.content_matches;
      ++matched[static_cast<std::size_t>(module)];
    }
  };
  for (const Match* const match : best.chosen) {
    if (match == nullptr) continue;
    add(stats.candidate, candidate.subspan(match->other_start, match->other_length), match->module);
    add(stats.reference, reference.subspan(match->start, match->length), match->module);
  }
  stats.chunks = count_chunks(best.chosen);
  return stats;
}

double meteor(const MeteorStats& stats) {
  constexpr double kAlpha = 0.85;
  constexpr double kBeta = 0.2;
  constexpr double kGamma = 0.6;
  constexpr double kDelta = 0.75;
  constexpr std::array<double, kMeteorModules> kWeights = {1.0, 0.6, 0.8, 0.6};
  const auto share = [&](const MeteorStats::Side& side) {
    double matches = 0;
    for (std::size_t i = 0; i < kMeteorModules; ++i) {
      matches += kWeights[i] * (kDelta * side.content_matches[i] + (1 - kDelta) * side.function_matches[i]);
    }
    return matches / (kDelta * (side.length - side.function_words) + (1 - kDelta) * side.function_words);
  };
  const double precision = share(stats.candidate);
  const double recall = share(stats.reference);
  const double mean = 1 / ((1 - kAlpha) / precision + kAlpha / recall);
  const double candidate = stats.candidate.matches();
  const double reference = stats.reference.matches();
  const bool whole =
      candidate == stats.candidate.length && reference == stats.reference.length && stats.chunks == 1;
  const double fragmentation = whole ? 0 : stats.chunks / ((candidate + reference) / 2);
  const double score = mean * (1 - kGamma * std::pow(fragmentation, kBeta));
  return std::isnan(score) ? 0 : std::max(score, 0.0);
}

}  // namespace caption::eval
