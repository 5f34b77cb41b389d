#include "fetch/download.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "fetch/address.h"
#include "fetch/partial_file.h"
#include "fetch/receiver.h"
#include "fetch/web_page.h"
#include "model/json_fields.h"

namespace caption {
namespace {

constexpr int kMostHops = 10;

/// For a while the server cannot.
bool is_temporary(int status) {
  constexpr std::array kTemporary = {408, 429, 500, 502, 503, 504};
  return std::find(kTemporary.begin(), kTemporary.end(), status) != kTemporary.end();
}

std::string describe_status(const HttpResponse& response) {
  std::string text = "answers " + std::to_string(response.status);
  if (response.status == 404 || response.status == 410) text += ": it is not there";
  if (response.status == 401 || response.status == 403)
    text += ": it is given to those alone who have access; with an account of Hugging Face, set HF_TOKEN";
  if (const std::string why = response.header("x-error-message"); !why.empty()) text += " (" + why + ")";
  return text;
}

std::string describe_page(const WebPage& page) {
  switch (page.kind) {
    case WebPage::Kind::quota:
      return "Google Drive gives this file to nobody for some hours, as too many have fetched it (quota "
             "exceeded)";
    case WebPage::Kind::sign_in:
      return "asks to sign in";
    default:
      return "gives a web page in the place of the file" +
             (page.title.empty() ? std::string() : ", '" + page.title + "'");
  }
}

class Download {
 public:
  Download(HttpSession& session, const Wanted& wanted, std::string address, const DownloadSettings& settings,
           FetchObserver& observer)
      : session_(session),
        wanted_(wanted),
        asked_(std::move(address)),
        settings_(settings),
        observer_(observer),
        target_(settings.folder / wanted.name),
        partial_(target_) {
    const std::string server = HuggingFace::kServer;
    if (asked_.starts_with(server + "/")) asked_.replace(0, server.size(), settings.hugging_face.server);
  }

  Downloaded run() {
    const std::uint64_t before = partial_.size();
    for (int in_vain = 0; !attempt();) {
      in_vain = std::exchange(last_size_, partial_.size()) < partial_.size() ? 0 : in_vain + 1;
      if (in_vain > settings_.retries) throw AddressFailed{problem_ + how_far()};
      wait(in_vain);
    }
    std::string sha256 = partial_.sha256();
    if (!wanted_.sha256.empty() && sha256 != wanted_.sha256) {
      if (before > 0) {  // perhaps it is the part of an earlier run that is bad
        observer_.note(wanted_.name + ": what an earlier run had left does not fit: from the start");
        partial_.restart({});
        return run();
      }
      partial_.discard();
      throw AddressFailed{"gives another file: its SHA-256 is " + sha256 + ", not " + wanted_.sha256 + " (" +
                          wanted_.known_from + ")"};
    }
    partial_.keep();
    observer_.finished(wanted_.name);
    return {target_, std::move(sha256)};
  }

 private:
  std::string how_far() const {
    if (partial_.size() == 0) return {};
    return "; " + megabytes(partial_.size()) + " have come, and the same command goes on from them";
  }

  /// Longer each time that nothing came.
  void wait(int in_vain) const {
    using std::chrono::milliseconds;
    constexpr milliseconds kStep{50};
    for (milliseconds left = milliseconds(250) * (1 << std::min(in_vain, 6)); left.count() > 0;
         left -= kStep) {
      if (settings_.stop != nullptr && settings_.stop->load()) throw Interrupted{};
      std::this_thread::sleep_for(kStep);
    }
  }

  HttpRequest request_for(const std::string& address) const {
    HttpRequest request{address, {}};
    const PartialFile::Source& source = partial_.source();
    const bool same = source.address == asked_ && !source.validator.empty();
    // A hash tells in the end whether the parts belong together, wherever they came from.
    if (partial_.size() > 0 && !whole_ && (same || !wanted_.sha256.empty())) {
      request.headers.push_back("Range: bytes=" + std::to_string(partial_.size()) + "-");
      if (same) request.headers.push_back("If-Range: " + source.validator);
    }
    const HuggingFace& face = settings_.hugging_face;
    if (!face.token.empty() && server_of(address) == server_of(face.server))
      request.headers.push_back("Authorization: Bearer " + face.token);
    return request;
  }

  /// One way to the file, over redirects and the page that asks. -> whether it is complete; if not, why in
  /// `problem_`
  bool attempt() {
    std::string address = asked_;
    for (int hop = 0; hop < kMostHops; ++hop) {
      Receiver receiver(wanted_, asked_, partial_, observer_);
      const TransferEnd end = session_.get(request_for(address), receiver);
      if (end.kind == TransferEnd::Kind::complete) receiver.finish();
      const std::optional<std::string> next = next_of(address, end, receiver);
      if (!next) return complete_;
      if (loses_encryption(address, *next))
        throw AddressFailed{"leads to " + *next + ", which is not encrypted"};
      address = *next;
    }
    throw AddressFailed{"leads from one address to another without an end"};
  }

  /// Where to go on after a response; nothing if it was the last, and `complete_` says whether the file is.
  std::optional<std::string> next_of(const std::string& address, const TransferEnd& end,
                                     const Receiver& receiver) {
    complete_ = false;
    problem_ = end.reason;
    const bool whole = std::exchange(whole_, false);
    switch (end.kind) {
      case TransferEnd::Kind::stopped:
        throw Interrupted{};
      case TransferEnd::Kind::untrusted:
        throw AddressFailed{"is not who it should be, or speaks no TLS that is safe: " + end.reason};
      case TransferEnd::Kind::unreachable:
        throw AddressFailed{end.reason, true};
      case TransferEnd::Kind::cut:
        return std::nullopt;
      case TransferEnd::Kind::complete:
        break;
    }
    const HttpResponse& response = receiver.response();
    learn_linked(response);
    if (!response.redirect.empty()) return response.redirect;
    if (receiver.got() == Receiver::Got::page) {
      const WebPage page = read_page(receiver.page(), address);
      if (page.kind == WebPage::Kind::confirmation) return page.next;
      throw AddressFailed{describe_page(page)};
    }
    if (receiver.got() == Receiver::Got::weights) {
      complete_ = true;
      return std::nullopt;
    }
    if (response.status == 416 && !whole) return after_416(address);
    if (const WebPage page = read_page(receiver.page(), address); page.kind == WebPage::Kind::quota)
      throw AddressFailed{describe_page(page)};
    if (!is_temporary(response.status)) throw AddressFailed{describe_status(response)};
    problem_ = describe_status(response);
    return std::nullopt;
  }

  /// There are no bytes behind those that we have: it is complete, or something else, perhaps a page.
  std::optional<std::string> after_416(const std::string& address) {
    if (partial_.size() == 0) throw AddressFailed{"answers 416"};
    complete_ = partial_.source().total == partial_.size();
    if (complete_) return std::nullopt;
    whole_ = true;
    return address;
  }

  /// Hugging Face tells hash and size of a large file where it sends us on.
  void learn_linked(const HttpResponse& response) {
    std::string tag = response.header("x-linked-etag");
    std::erase(tag, '"');
    if (!is_sha256(tag)) return;
    if (wanted_.sha256.empty()) {
      wanted_.sha256 = tag;
      wanted_.known_from = "as its server says";
    } else if (wanted_.sha256 != tag) {
      throw AddressFailed{"has another file: its SHA-256 is " + tag + ", not " + wanted_.sha256 + " (" +
                          wanted_.known_from + ")"};
    }
  }

  HttpSession& session_;
  Wanted wanted_;
  std::string asked_;
  const DownloadSettings& settings_;
  FetchObserver& observer_;
  std::filesystem::path target_;
  PartialFile partial_;
  std::uint64_t last_size_ = 0;
  bool complete_ = false;
  bool whole_ = false;  ///< the next request is for all of it, whatever has come
  std::string problem_;
};

}  // namespace

Downloaded download(HttpSession& session, const Wanted& wanted, const std::string& address,
                    const DownloadSettings& settings, FetchObserver& observer) {
  return Download(session, wanted, address, settings, observer).run();
}

}  // namespace caption
