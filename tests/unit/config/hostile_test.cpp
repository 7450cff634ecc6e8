// SPDX-License-Identifier: BSD-3-Clause
// No input may do more than be refused.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "config/yaml_tree.h"
#include "mistakes.h"
#include "tests/unit/catch.h"

using namespace lbd::config;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string repeated(const std::string& text, std::size_t count) {
    std::string result;
    for (std::size_t i = 0; i < count; ++i) {
        result += text;
    }
    return result;
}

} // namespace

TEST_CASE("aliases of aliases are refused before they are expanded") {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 20; ++i) {
        const auto name = std::to_string(i);
        bomb.append("a").append(name).append(": &a").append(name).append(" [");
        bomb.append(repeated("*a" + std::to_string(i - 1) + ", ", 10)).append("]\n");
    }
    CHECK_THAT(errors_of(bomb), ContainsSubstring("more than 500000 values"));
}

TEST_CASE("an alias inside its own anchor is refused") {
    CHECK_THAT(errors_of("services: &s [*s]"), ContainsSubstring("not YAML as lbd reads it"));
    CHECK_THAT(errors_of("services: &s {a: *s}"), ContainsSubstring("not YAML as lbd reads it"));
}

TEST_CASE("deep nesting is refused") {
    const auto open = GENERATE("[", "{a: ", "- ", "? ", "- - ? ");
    CHECK_THAT(errors_of(repeated(open, 100'000)), ContainsSubstring("not YAML as lbd reads it"));
}

TEST_CASE("a text of more than 16 MiB is refused") {
    CHECK(errors_of(std::string(most_bytes + 1, '#')) == "f: larger than 16 MiB");
}

TEST_CASE("an endless file is refused") {
    CHECK_THROWS_WITH(load_file("/dev/zero"), "/dev/zero: larger than 16 MiB");
}

TEST_CASE("a file that cannot be read is named with the reason") {
    CHECK_THROWS_WITH(load_file("/nonexistent.yaml"),
                      "/nonexistent.yaml: No such file or directory");
    CHECK_THROWS_WITH(load_file("/"), "/: Is a directory");
}

TEST_CASE("who may not wait reads regular files only") {
    const std::string fifo = "/tmp/lbd-config-test-" + std::to_string(getpid());
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    CHECK_THROWS_WITH(load_file(fifo, Source::regular_file), fifo + ": not a regular file");
    unlink(fifo.c_str());
    for (const std::string path : {"/dev/zero", "/"})
        CHECK_THROWS_WITH(load_file(path, Source::regular_file), path + ": not a regular file");
    CHECK_THROWS_WITH(load_file("/nonexistent.yaml", Source::regular_file),
                      "/nonexistent.yaml: No such file or directory");
}

TEST_CASE("a great many errors are cut short") {
    const auto text = errors_of("ports:\n" + repeated("- {x: 1}\n", 20'000));
    CHECK(std::count(text.begin(), text.end(), '\n') == 500);
    CHECK_THAT(text, ContainsSubstring("more errors"));
}

TEST_CASE("what was found is shown on one line, without control characters, and cut") {
    CHECK_THAT(errors_of("name: \"a\\e[2J\\nb\""), ContainsSubstring("found 'a\\x1b[2J\\x0ab'"));
    CHECK_THAT(errors_of("name: " + std::string(10'000, 'a')),
               ContainsSubstring("'" + std::string(60, 'a') + "...'"));
    CHECK(errors_of(std::string(10'000, 'k') + ": 1").size() < 1000);
}

TEST_CASE("bytes that are no text are refused") {
    CHECK(errors_of(std::string("\0\0\0", 3)) != "no error");
    CHECK(errors_of("\xff\xfe\xff\xfe") != "no error");
    CHECK(errors_of("name: \xc3\x28\xa0") != "no error");
    CHECK(errors_of("%YAML 9.9\n---\n") != "no error");
}

TEST_CASE("an example with random damage loads or is refused") {
    std::ifstream file(EXAMPLES "/bare-metal.yaml");
    const std::string original{std::istreambuf_iterator<char>(file), {}};
    REQUIRE(original.size() > 1000);
    std::mt19937 random(1);
    constexpr std::string_view pieces =
        "[]{}:-,&*?|>!%@'\"#\n\t \x01\xff"
        "0a";
    for (int round = 0; round < 1000; ++round) {
        auto text = original;
        for (int i = 0; i < 1 + round % 5; ++i) {
            const auto place = random() % text.size();
            if (random() % 3 == 0) {
                text.erase(place, random() % 40);
            } else {
                text.insert(place, 1, pieces[random() % pieces.size()]);
            }
        }
        CHECK_NOTHROW(errors_of(text));
    }
}
