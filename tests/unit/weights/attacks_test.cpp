// Files that are damaged, are something else, or are meant to do harm: each must be refused with a message
// that says so.
#include "archives.h"

namespace caption::test {
namespace {

const std::string kFloats = std::string(24, '\0');  // six of them

void expect_tensor_refused(const std::string& value, std::initializer_list<const char*> words) {
  expect_bytes_refused(archive_of(dict_with(value), kFloats), words);
}

void expect_pickle_refused(const std::string& pickle, std::initializer_list<const char*> words) {
  expect_bytes_refused(archive_of(pickle, kFloats), words);
}

TEST(HandMade, ArchivesAreAccepted) {
  // The refusals below would mean nothing if the archive were refused anyway.
  const WeightFile file = read_bytes(archive_of(dict_with(tensor(storage(6), 0, {2, 3}, {3, 1})), kFloats));
  EXPECT_EQ(file.tensors.at("w").sizes(), (Shape{2, 3}));
}

TEST(NotWeights, AreNamedForWhatTheyAre) {
  expect_refused("/nowhere/model.pt", {"no such weight file"});
  expect_refused(std::filesystem::temp_directory_path(), {"is a folder"});
  expect_refused("/dev/null", {"no regular file"});
  expect_bytes_refused("", {"is empty", "fetch it again"});
  expect_bytes_refused("\n<!DOCTYPE html><html><title>Google Drive - Virus scan warning</title>",
                       {"is a web page"});
  expect_bytes_refused("<HTML><body>Quota exceeded</body></HTML>", {"is a web page"});
  expect_bytes_refused("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
                       {"git lfs pull"});
  expect_bytes_refused("{\"error\": \"not found\"}", {"is JSON text"});
  expect_bytes_refused(std::string("\x1f\x8b\x08\0\0\0\0\0\0\0", 10), {"gzip"});
  expect_bytes_refused("\x89HDF\r\n\x1a\n", {"HDF5"});
  expect_bytes_refused("sys_info" + std::string(249, '\0') + "ustar" + std::string(250, '\0'),
                       {"is a tar archive"});
  expect_bytes_refused("hello", {"68 65 6c 6c 6f", "5 bytes"});
  expect_refused(data("plain.pkl"), {"Python pickle", "nothing from the file was executed"});
}

TEST(NotWeights, ForbiddenGlobalsAreNeverExecuted) {
  for (const char* name : {"forbidden.pt", "forbidden_legacy.pt"}) {
    expect_refused(data(name), {"refused", "posix.system", "nothing from the file was executed"});
  }
  expect_refused(data("whole_module.pt"), {"a whole model", "nothing of it was made", "state_dict()"});
  EXPECT_FALSE(std::filesystem::exists("/tmp/caption-was-here"));
}

class Truncated : public testing::TestWithParam<const char*> {};

TEST_P(Truncated, IsRefusedAtEveryLength) {
  const std::string whole = bytes_of(data(GetParam()));
  for (std::size_t size = 1; size < whole.size(); ++size) expect_bytes_refused(whole.substr(0, size), {});
}

INSTANTIATE_TEST_SUITE_P(Files, Truncated,
                         testing::Values("state_dict.pt", "state_dict_legacy.pt", "dtypes.safetensors",
                                         "scripted.pt"));

TEST(Truncation, IsCalledThat) {
  for (const char* name : {"state_dict.pt", "state_dict_legacy.pt"}) {
    const std::string whole = bytes_of(data(name));
    expect_bytes_refused(whole.substr(0, whole.size() - 10), {"truncated", "fetch it again"});
  }
}

TEST(BadZip, RecordsAreChecked) {
  const std::string pickle = dict_with(tensor(storage(6), 0, {6}, {1}));
  const Record first{.name = "a/data.pkl", .bytes = pickle};
  const Record second{.name = "a/data/0", .bytes = kFloats};
  Record bad = second;
  expect_bytes_refused(zip_of({first, second, second}), {"'a/data/0' twice"});
  expect_bytes_refused(zip_of({first}), {"no record 'a/data/0'"});
  expect_bytes_refused(zip_of({second}), {"none of torch's", "a/data/0"});
  expect_bytes_refused(zip_of({first, second, {.name = "b/data.pkl", .bytes = pickle}}), {"two models"});
  bad.method = 8;
  expect_bytes_refused(zip_of({first, bad}), {"'a/data/0' is compressed"});
  bad = second;
  bad.flags = 1;
  expect_bytes_refused(zip_of({first, bad}), {"'a/data/0' is encrypted"});
  bad = second;
  bad.crc_error = 1;
  expect_bytes_refused(zip_of({first, bad}), {"'a/data/0' is damaged", "checksum"});
  bad = second;
  bad.claimed_size = 400'000'000;
  expect_bytes_refused(zip_of({first, bad}), {"'a/data/0'", "expected 400000000 more bytes"});
  bad.claimed_size = 25;
  expect_bytes_refused(zip_of({first, bad}), {"'a/data/0' overlaps the directory"});
  bad = second;
  bad.claimed_start = 1'000'000;
  expect_bytes_refused(zip_of({first, bad}), {"'a/data/0'", "1000000, outside the file"});
  bad.claimed_start = 0;
  expect_bytes_refused(zip_of({first, bad}), {"'a/data/0'", "disagrees with the directory"});
  bad = second;
  bad.bytes.resize(20);
  expect_bytes_refused(zip_of({first, bad}), {"'a/data/0' has 20 bytes; expected 24 of type fp32"});
  const Record order{.name = "a/byteorder", .bytes = "big"};
  expect_bytes_refused(zip_of({first, second, order}), {"byteorder", "'big'", "'little'"});
}

TEST(BadZip, OverlapIsRefused) {
  // A record inside another one: its header lies in the other's bytes.
  const std::string inner = zip_of({{.name = "a/data/1", .bytes = kFloats}});
  const std::string pickle = dict_with(tensor(storage(6), 0, {6}, {1}));
  const Record first{.name = "a/data.pkl", .bytes = pickle};
  const Record outer{.name = "a/data/0", .bytes = inner};
  const std::size_t start = zip_of({first, outer}).find("a/data/1") - 30;
  const std::string honest = zip_of({first, outer, {.name = "a/data/1", .bytes = kFloats}});
  Record pointing{.name = "a/data/1", .bytes = kFloats, .claimed_start = static_cast<std::int64_t>(start)};
  ASSERT_NE(honest, zip_of({first, outer, pointing}));
  expect_bytes_refused(zip_of({first, outer, pointing}), {"'a/data/0' overlaps a/data/1"});
}

TEST(BadZip, DirectoryIsChecked) {
  const std::vector<Record> records = {{.name = "a/data.pkl", .bytes = pickle_of("}")}};
  for (const bool zip64 : {false, true}) {
    expect_bytes_refused(zip_of(records, {.zip64 = zip64, .more_records = 1}), {"records"});
    expect_bytes_refused(zip_of(records, {.zip64 = zip64, .shift_start = 1}), {"zip directory"});
    expect_bytes_refused(zip_of(records, {.zip64 = zip64, .shift_start = -1}), {"zip directory"});
  }
  expect_bytes_refused(zip_of(records, {.zip64 = true, .more_records = std::int64_t{1} << 60}),
                       {"at most 100000"});
  std::string disagreeing = zip_of(records, {.zip64 = true});
  disagreeing[disagreeing.size() - 14] = '\x07';  // number of records on this disk, in the narrow end record
  expect_bytes_refused(disagreeing, {"zip"});
}

TEST(BadTensor, MustLieInItsStorage) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  expect_tensor_refused(tensor(storage(6), 0, {7}, {1}), {"'w'", "more elements than its storage", "[7]"});
  expect_tensor_refused(tensor(storage(6), 1, {6}, {1}), {"beyond the end of its storage"});
  expect_tensor_refused(tensor(storage(6), 7, {0}, {1}), {"beyond the end of its storage"});
  expect_tensor_refused(tensor(storage(6), 0, {2, 3}, {4, 1}), {"beyond the end of its storage"});
  expect_tensor_refused(tensor(storage(6), 0, {2}, {kHuge}), {"beyond the end of its storage"});
  expect_tensor_refused(tensor(storage(6), 0, {3, 2}, {kHuge, 1}), {"beyond the end of its storage"});
  expect_tensor_refused(tensor(storage(6), kHuge, {2, 2}, {kHuge, 1}), {"beyond the end of its storage"});
  expect_tensor_refused(tensor(storage(6), -1, {2}, {1}), {"a negative offset"});
  expect_tensor_refused(tensor(storage(6), 5, {2}, {-1}), {"a negative stride"});
  expect_tensor_refused(tensor(storage(6), 0, {-2}, {1}), {"a negative size"});
  expect_tensor_refused(tensor(storage(6), 0, {-2, -3}, {1, 1}), {"a negative size"});
  expect_tensor_refused(tensor(storage(6), 0, {kHuge, 4}, {1, 1}), {"more elements than its storage"});
  expect_tensor_refused(tensor(storage(6), 0, {1'000'000'000}, {0}), {"more elements than its storage"});
  expect_tensor_refused(tensor(storage(6), 0, {2, 3}, {1}), {"as many strides as dimensions"});
  expect_tensor_refused(
      tensor(storage(6), 0, std::vector<std::int64_t>(17, 1), std::vector<std::int64_t>(17, 1)),
      {"at most 16 dimensions"});
}

TEST(BadTensor, StoragesAreChecked) {
  expect_tensor_refused(tensor(storage(7), 0, {2}, {1}), {"a/data/0", "24 bytes", "expected 28"});
  expect_tensor_refused(tensor(storage(-1), 0, {2}, {1}), {"-1 elements are impossible"});
  expect_tensor_refused(tensor(storage(std::int64_t{1} << 62), 0, {2}, {1}), {"elements are impossible"});
  expect_tensor_refused(tensor(storage(3, "ComplexFloatStorage"), 0, {2}, {1}),
                        {"torch.ComplexFloatStorage"});
  expect_tensor_refused(tensor(storage(6, "FloatStorage", "../x"), 0, {2}, {1}), {"no record 'a/data/../x'"});
  const std::string two_types = "}(" + text("v") + tensor(storage(6), 0, {2}, {1}) + text("w") +
                                tensor(storage(6, "IntStorage"), 0, {2}, {1}) + "u";
  expect_pickle_refused(pickle_of(two_types), {"'w'", "of int32 here", "of fp32 elsewhere"});
}

TEST(BadPickle, IsRefused) {
  expect_pickle_refused("\x80\x06}.", {"protocol 6", "expected 2 to 5"});
  expect_pickle_refused("\x80\x01}.", {"protocol 1", "expected 2 to 5"});
  expect_pickle_refused("}.", {"protocol 2"});
  expect_pickle_refused("\x80\x04\x8c\x02os\x8c\x06system\x93)R.",
                        {"refused: the file asks for 'os.system'", "nothing from the file"});
  expect_pickle_refused("\x80\x04K\x01\x8c\x06system\x93.", {"names a global by"});
  expect_pickle_refused("\x80\x04\x93.", {"not there"});
  expect_pickle_refused("\x80\x04\x94.", {"not there"});
  expect_pickle_refused(pickle_of(""), {"not there"});
  expect_pickle_refused(pickle_of("0"), {"not there"});
  expect_pickle_refused(pickle_of("1"), {"group that it never began"});
  expect_pickle_refused("\x80\x04}\x92.", {"not there"});
  expect_pickle_refused("\x80\x04\x8c\x02os\x8c\x06system\x93)}\x92.",
                        {"refused: the file asks for 'os.system'"});
  for (const char* const name : {"eval", "exec", "compile", "open", "__import__", "setattr", "input"})
    expect_pickle_refused(pickle_of(global("builtins", name)), {"refused: the file asks for", name});
  expect_pickle_refused(pickle_of("}}"), {"values are left"});
  expect_pickle_refused(pickle_of("}(}"), {"values are left"});
  expect_pickle_refused(pickle_of("}t"), {"group that it never began"});
  expect_pickle_refused(pickle_of("}(s"), {"not there"});
  expect_pickle_refused(pickle_of("}h\x05"), {"memo entry 5"});
  expect_pickle_refused(pickle_of("]K\x01K\x01s"), {"a list", "a dict"});
  expect_pickle_refused(pickle_of("}(K\x01u"), {"a key without a value"});
  expect_pickle_refused(pickle_of("ios\nsystem\n"),
                        {"refused", "opcode", "nothing from the file was executed"});
  expect_pickle_refused(pickle_of(global("os", "system") + text("x") + "\x85R"), {"refused", "os.system"});
  expect_pickle_refused(pickle_of(global("torch", "FloatStorage") + ")R"),
                        {"refused", "nothing from the file"});
  expect_pickle_refused(pickle_of(global("collections", "OrderedDict") + ")\x81"),
                        {"refused", "makes an object"});
  expect_pickle_refused(pickle_of("}") + "x", {"bytes after the end of the pickle"});
  expect_pickle_refused(pickle_of("]"), {"a list", "state dict"});
  expect_pickle_refused(pickle_of("}"), {"no tensors"});
  expect_pickle_refused(dict_with("]"), {"'w'", "a list"});
  const std::string value = tensor(storage(6), 0, {6}, {1});
  expect_pickle_refused(pickle_of("}(" + text("w") + value + text("w") + value + "u"),
                        {"'w' is there twice"});
}

TEST(BadPickle, BombsAreRefused) {
  // A memo index of four billion must cost one entry, and so must a string that claims four gigabytes.
  const std::string value = tensor(storage(6), 0, {6}, {1});
  EXPECT_EQ(read_bytes(archive_of(dict_with(value + "r\xff\xff\xff\xff"), kFloats)).tensors.size(), 1u);
  expect_pickle_refused(pickle_of("X\xff\xff\xff\xff"), {"4294967295 more bytes"});
  expect_pickle_refused(pickle_of(text(std::string(70'000, 'x'))), {"expected a state dict"});
  expect_pickle_refused(pickle_of(global(std::string(300, 'x'), "y")), {"more than 256 bytes"});
  expect_pickle_refused(pickle_of(std::string("\x8a\xff") + std::string(255, '\1')), {"state dict"});
  expect_pickle_refused(pickle_of(std::string(1'001, '(')), {"1000 deep"});
  expect_pickle_refused(pickle_of(std::string(3'000'000, ')')), {"2000000 values"});
  // A list of a thousand, appended to another ten thousand times.
  std::string copies = "](" + std::string(1'000, 'N') + "eq\1" + global("torch", "Size") + "q\2";
  std::string again;
  for (int i = 0; i < 10'000; ++i) again += "h\2(" + std::string(1'000, 'N') + "tq\3R";
  expect_pickle_refused(pickle_of(copies + again), {"2000000 values"});
  std::string shared = "(" + std::string(1'000, 'N') + "tq\1";
  for (int i = 0; i < 10'000; ++i) shared += global("torch", "Size") + "h\1R";
  expect_pickle_refused(pickle_of(shared), {"4000000 items"});
}

TEST(BadPickle, DepthCostsNoStack) {
  // Each tuple holds the one before it; none is ever walked or destroyed recursively.
  std::string deep = ")";
  for (int i = 0; i < 1'000'000; ++i) deep += "\x85";
  expect_pickle_refused(pickle_of(deep), {"a tuple", "state dict"});
  expect_pickle_refused(pickle_of("]q\1h\1a"), {"a list", "state dict"});
}

TEST(BadTorchScript, IsRefused) {
  const auto refuse = [](const std::string& body, std::initializer_list<const char*> words) {
    expect_bytes_refused(zip_of({{.name = "a/data.pkl", .bytes = pickle_of(body)},
                                 {.name = "a/constants.pkl", .bytes = pickle_of(")")}}),
                         words);
  };
  const std::string object = global("__torch__", "M") + ")\x81";
  refuse("}", {"a dict", "TorchScript module"});
  refuse(object, {"no named tensors"});
  refuse(object + ")b", {"keeps its state as a tuple"});
  refuse(object + "}b}b", {"sets the state"});
  refuse(object + "q\1}" + text("m") + "h\1sb", {"64 deep"});  // it contains itself
  // Sixty modules, each holding the next one twice: 2^60 paths.
  std::string chain = object;
  for (int i = 0; i < 60; ++i) {
    chain = object + "}(" + text("l") + chain + "q" + static_cast<char>(i) + text("r") + "h" +
            static_cast<char>(i) + "ub";
  }
  refuse(chain, {"too many attributes"});
}

std::string safetensors(const std::string& header, const std::string& buffer) {
  return little(header.size(), 8) + header + buffer;
}

TEST(BadSafetensors, IsRefused) {
  const auto entry = [](const std::string& name, const std::string& begin, const std::string& end) {
    return "\"" + name + R"(":{"dtype":"F32","shape":[2],"data_offsets":[)" + begin + "," + end + "]}";
  };
  const std::string eight(8, '\0');
  const std::string good = entry("a", "0", "8");
  EXPECT_EQ(read_bytes(safetensors("{" + good + "}", eight)).tensors.size(), 1u);
  EXPECT_EQ(read_bytes(safetensors("{" + good + "}  ", eight)).tensors.size(), 1u);
  expect_bytes_refused(safetensors("{" + good + "," + good + "}", eight), {"'a' is there twice"});
  expect_bytes_refused(safetensors("{" + good + "," + entry("b", "0", "8") + "}", eight),
                       {"'b'", "expected 8"});
  expect_bytes_refused(safetensors("{" + good + "}", eight + "x"), {"cover the file"});
  expect_bytes_refused(safetensors("{" + good + "}", "1234"), {"'a'", "8 of 4 bytes", "truncated"});
  expect_bytes_refused(safetensors("{" + entry("a", "4", "12") + "}", eight + "1234"),
                       {"begins at 4; expected 0"});
  expect_bytes_refused(safetensors("{" + entry("a", "0", "4") + "}", "1234"),
                       {"expected 8 bytes for F32 [2]"});
  expect_bytes_refused(safetensors("{" + entry("a", "8", "0") + "}", eight), {"data_offsets [8, 0]"});
  expect_bytes_refused(safetensors("{" + entry("a", "-8", "0") + "}", eight), {"whole numbers"});
  expect_bytes_refused(safetensors(R"({"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}})", eight),
                       {"F8_E4M3"});
  expect_bytes_refused(
      safetensors(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", ""),
      {"impossible"});
  expect_bytes_refused(safetensors("{\"a\":" + std::string(100'000, '['), ""), {"too deep"});
  expect_bytes_refused(safetensors("{}", ""), {"no tensors"});
  expect_bytes_refused(safetensors("{" + good, eight), {"safetensors header"});
  expect_bytes_refused(little(200'000'000, 8) + "{}", {"200000000 bytes; expected at most 100000000"});
  expect_bytes_refused(little(50, 8) + "{}", {"expected 50 more bytes, found 2"});
}

TEST(Checksums, OfMatricesOnRequest) {
  const std::string large(std::size_t{128} * 1024, '\0');
  const std::string pickle = dict_with(tensor(storage(32 * 1024), 0, {32 * 1024}, {1}));
  const TemporaryFile file(zip_of(
      {{.name = "a/data.pkl", .bytes = pickle}, {.name = "a/data/0", .bytes = large, .crc_error = 1}}));
  EXPECT_EQ(read_weights(file.path()).tensors.size(), 1u);
  EXPECT_THROW(read_weights(file.path(), Checksums::all), Error);
}

}  // namespace
}  // namespace caption::test
