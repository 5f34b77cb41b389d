// consumer MODEL IMAGE: prints the image's caption.
#include <caption/captioner.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <string>

int main(int, char** argv) {
  std::ifstream file(argv[2], std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  const auto captioner = caption::load_captioner(argv[1], {});
  caption::Picture picture = captioner->prepare(std::as_bytes(std::span(bytes)), {});
  std::cout << captioner->caption({picture}, {}).at(0).at(0).text << '\n';
}
