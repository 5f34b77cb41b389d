#include "model/published.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "caption/error.h"
#include "model/json_fields.h"

namespace caption {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t kFormat = 1;

bool is_address(const std::string& text) {
  return text.starts_with("https://") || text.starts_with("http://");
}

std::vector<std::string> read_addresses(JsonFields& fields, const std::string& key, std::size_t least) {
  const ordered_json& list = fields.array(key);
  std::vector<std::string> addresses;
  for (const ordered_json& entry : list) {
    if (!entry.is_string() || !is_address(entry.get<std::string>()))
      fields.fail(fields.path(key), "addresses that begin with https:// or http://", list);
    addresses.push_back(entry.get<std::string>());
  }
  if (addresses.size() < least) fields.fail(fields.path(key), "at least one address", list);
  return addresses;
}

PublishedFile read_file(JsonFields fields) {
  PublishedFile file;
  file.name = fields.file_name("name");
  file.title = fields.text("title");
  file.addresses = read_addresses(fields, "addresses", 1);
  file.mirrors = read_addresses(fields, "mirrors", 0);
  file.bytes = static_cast<std::uint64_t>(fields.positive("bytes"));
  file.exact = fields.boolean("exact");
  if (!fields.is_null("sha256")) file.sha256 = fields.sha256("sha256");
  file.license = fields.text("license");
  fields.finish();
  return file;
}

PublishedModel read_model(JsonFields fields, const std::set<std::string>& files) {
  PublishedModel model = {fields.file_name("name"), fields.text("description"), fields.text("clip"),
                          fields.text("captioner")};
  for (const std::string key : {"clip", "captioner"}) {
    if (const std::string name = fields.text(key); files.count(name) == 0)
      fields.fail(fields.path(key), "the name of one of 'files'", name);
  }
  fields.finish();
  return model;
}

/// The element of `list` whose `field` is `value`, or null.
template <typename Element>
const Element* find(const std::vector<Element>& list, std::string Element::*field, std::string_view value) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Element& element) { return element.*field == value; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

const PublishedModel* Published::find_model(std::string_view name) const {
  return find(models, &PublishedModel::name, name);
}

const PublishedFile* Published::find_by_hash(std::string_view sha256) const {
  return sha256.empty() ? nullptr : find(files, &PublishedFile::sha256, sha256);
}

const PublishedFile& Published::file(std::string_view name) const {
  const PublishedFile* const found = find(files, &PublishedFile::name, name);
  if (found == nullptr) throw Error(ErrorKind::internal, "a published model names a file that is not there");
  return *found;
}

Published read_published(const std::filesystem::path& file) {
  const ordered_json json = parse_json(file, "list of published models");
  JsonFields top(json, file, "");
  if (const std::int64_t format = top.positive("format"); format != kFormat)
    top.fail("format", std::to_string(kFormat), format);
  Published published;
  published.path = file;
  std::set<std::string> names;
  for (const ordered_json& entry : top.array("files")) {
    const std::string where = "files[" + std::to_string(published.files.size()) + "]";
    published.files.push_back(read_file({entry, file, where}));
    if (const std::string& name = published.files.back().name; !names.insert(name).second)
      top.fail(where + ".name", "a name that no other file has", name);
  }
  for (const ordered_json& entry : top.array("models")) {
    const std::string where = "models[" + std::to_string(published.models.size()) + "]";
    published.models.push_back(read_model({entry, file, where}, names));
  }
  top.finish();
  return published;
}

}  // namespace caption
