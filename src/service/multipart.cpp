#include "service/multipart.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "service/problem.h"

namespace caption {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// A parameter of a header: `name` in 'form-data; name="image"; filename="a.jpg"'; nothing if it has none.
std::optional<std::string> parameter(std::string_view header, const std::string& name) {
  bool quoted = false;
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (header[i] == '"') quoted = !quoted;
    if (quoted || header[i] != ';') continue;
    std::size_t begin = header.find_first_not_of(" \t", i + 1);
    if (begin == std::string_view::npos || lower(header.substr(begin, name.size() + 1)) != name + "=")
      continue;
    begin += name.size() + 1;
    if (begin == header.size() || header[begin] != '"')
      return std::string(header.substr(begin, header.find_first_of("; \t\r\n", begin) - begin));
    std::string value;
    for (std::size_t k = begin + 1; k < header.size() && header[k] != '"'; ++k) {
      if (header[k] == '\\' && k + 1 < header.size()) ++k;
      value += header[k];
    }
    return value;
  }
  return std::nullopt;
}

/// The value of Content-Disposition in a part's headers; empty if there is none.
std::string_view disposition(std::string_view headers) {
  static constexpr std::string_view kName = "content-disposition:";
  while (!headers.empty()) {
    const std::size_t end = std::min(headers.find(kLineEnd), headers.size());
    if (lower(headers.substr(0, kName.size())) == kName) return headers.substr(0, end).substr(kName.size());
    headers.remove_prefix(std::min(end + kLineEnd.size(), headers.size()));
  }
  return {};
}

}  // namespace

FormFile file_of_form(std::string_view content_type, std::string_view body) {
  const std::optional<std::string> boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty()) throw bad_request("multipart/form-data without its boundary");
  const std::string line = "--" + *boundary;
  const Problem cut = bad_request("the multipart body is not whole");
  std::size_t at = body.starts_with(line) ? 0 : body.find("\r\n" + line);
  if (at == std::string_view::npos) throw cut;
  at = body.find(line, at) + line.size();
  std::optional<FormFile> file;
  while (!body.substr(at).starts_with("--")) {
    const std::size_t headers = body.find(kLineEnd, at);
    const std::size_t content = headers == std::string_view::npos ? headers : body.find("\r\n\r\n", headers);
    if (content == std::string_view::npos) throw cut;
    const std::size_t end = body.find("\r\n" + line, content + 2);
    if (end == std::string_view::npos) throw cut;
    const std::string_view header = disposition(body.substr(headers + 2, content - headers));
    const std::optional<std::string> name = parameter(header, "filename");
    if (name || parameter(header, "name") == "image") {
      if (file) throw bad_request("a request is for one picture, and this form sends several");
      const std::size_t begin = std::min(content + 4, end);
      file = {name.value_or(""), body.substr(begin, end - begin)};
    }
    at = end + 2 + line.size();
  }
  if (!file)
    throw bad_request("the form sends no file: one part is to have a filename, or the name \"image\"");
  return *file;
}

}  // namespace caption
