#include "net/curl_session.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <exception>
#include <string_view>
#include <utility>

#include "caption/error.h"

namespace caption {
namespace {

/// Large enough that a fast network is not read in thousands of pieces a second.
constexpr long kBufferBytes = 512L << 10;

/// One response on its way from libcurl to a sink.
class Transfer {
 public:
  Transfer(CURL* curl, ResponseSink& sink) : curl_(curl), sink_(sink) {}

  void add_header(std::string_view line) {
    if (line.starts_with("HTTP/")) response_.headers.clear();  // after "100 Continue"
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::string_view value = line.substr(colon + 1);
    constexpr std::string_view kBlank = " \t\r\n";
    value.remove_prefix(std::min(value.find_first_not_of(kBlank), value.size()));
    value = value.substr(0, value.find_last_not_of(kBlank) + 1);
    response_.headers[name] = value;
  }

  /// -> whether the transfer goes on
  bool take(std::span<const std::byte> bytes) {
    try {
      begin();
      sink_.take(bytes);
      return true;
    } catch (...) {
      failure_ = std::current_exception();
      return false;
    }
  }

  /// After the transfer: a response without a body begins, too.
  void finish(bool complete) {
    if (failure_) std::rethrow_exception(failure_);
    if (complete) begin();
  }

 private:
  void begin() {
    if (std::exchange(begun_, true)) return;
    long status = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    const char* redirect = nullptr;
    curl_easy_getinfo(curl_, CURLINFO_REDIRECT_URL, &redirect);
    if (redirect != nullptr) response_.redirect = redirect;
    sink_.begin(response_);
  }

  CURL* curl_;
  ResponseSink& sink_;
  HttpResponse response_;
  bool begun_ = false;
  std::exception_ptr failure_;
};

extern "C" std::size_t on_header(char* data, std::size_t size, std::size_t count, void* transfer) {
  static_cast<Transfer*>(transfer)->add_header({data, size * count});
  return size * count;
}

extern "C" std::size_t on_bytes(char* data, std::size_t size, std::size_t count, void* transfer) {
  const bool more = static_cast<Transfer*>(transfer)->take(std::as_bytes(std::span(data, size * count)));
  return more ? size * count : CURL_WRITEFUNC_ERROR;
}

/// libcurl calls this at least once a second. -> not 0 if the transfer is to end
extern "C" int on_progress(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(stop)->load() ? 1 : 0;
}

TransferEnd::Kind kind_of(CURLcode code) {
  using Kind = TransferEnd::Kind;
  switch (code) {
    case CURLE_OK:
      return Kind::complete;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
      return Kind::unreachable;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
      return Kind::untrusted;
    case CURLE_ABORTED_BY_CALLBACK:
      return Kind::stopped;
    default:  // it was there, and then something happened
      return Kind::cut;
  }
}

class CurlSession : public HttpSession {
 public:
  explicit CurlSession(const HttpOptions& options) : curl_(curl_easy_init(), &curl_easy_cleanup) {
    if (!curl_) throw Error(ErrorKind::internal, "libcurl does not start");
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_USERAGENT, options.user_agent.c_str());
    set(CURLOPT_COOKIEFILE, "");  // cookies are kept, in memory alone
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
    if (!options.ca_folder.empty()) set(CURLOPT_CAPATH, options.ca_folder.c_str());
    set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.timeout_s));
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.timeout_s));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_BUFFERSIZE, kBufferBytes);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(CURLOPT_ERRORBUFFER, reason_);
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_WRITEFUNCTION, &on_bytes);
    if (options.stop != nullptr) {
      set(CURLOPT_XFERINFOFUNCTION, &on_progress);
      set(CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(options.stop));
      set(CURLOPT_NOPROGRESS, 0L);
    }
  }

  TransferEnd get(const HttpRequest& request, ResponseSink& sink) override {
    Transfer transfer(curl_.get(), sink);
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(nullptr, &curl_slist_free_all);
    for (const std::string& header : request.headers)
      headers.reset(curl_slist_append(headers.release(), header.c_str()));
    set(CURLOPT_URL, request.address.c_str());
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_HEADERDATA, &transfer);
    set(CURLOPT_WRITEDATA, &transfer);
    reason_[0] = '\0';
    const CURLcode code = curl_easy_perform(curl_.get());
    transfer.finish(code == CURLE_OK);
    return {kind_of(code), reason_[0] != '\0' ? reason_ : curl_easy_strerror(code)};
  }

 private:
  template <typename Value>
  void set(CURLoption option, Value value) {
    if (const CURLcode code = curl_easy_setopt(curl_.get(), option, value); code != CURLE_OK)
      throw Error(ErrorKind::internal, std::string("libcurl: ") + curl_easy_strerror(code));
  }

  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_;
  char reason_[CURL_ERROR_SIZE] = {};
};

}  // namespace

std::unique_ptr<HttpSession> open_curl_session(const HttpOptions& options) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK)
    throw Error(ErrorKind::internal, std::string("libcurl does not start: ") + curl_easy_strerror(started));
  return std::make_unique<CurlSession>(options);
}

}  // namespace caption
