// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/reader.h"

#include <filesystem>
#include <fstream>

#include "config/keepalived/block.h"
#include "config/keepalived/words.h"
#include "imported.h"
#include "tests/unit/catch.h"
#include "tests/unit/scratch.h"

using namespace lbd::config::keepalived;

namespace {

using Words = std::vector<std::string>;

Words lines_of(const std::string& text, Report& report) {
    Words texts;
    for (const auto& line : read_lines(text, "keepalived.conf", {"director"}, report)) {
        texts.push_back(line.text);
    }
    return texts;
}

Words lines_of(const std::string& text) {
    Report report;
    auto lines = lines_of(text, report);
    CHECK(report.entries().empty());
    return lines;
}

class Folder : public lbd::Scratch {
  public:
    std::string write(const std::string& name, const std::string& text) const {
        auto file = path(name);
        std::filesystem::create_directories(std::filesystem::path(file).parent_path());
        std::ofstream(file) << text;
        return file;
    }

    Words lines(const std::string& name, Report& report) const {
        Words texts;
        const auto file = path(name);
        for (const auto& line : read_lines(read_file(file, false), file, {"director"}, report)) {
            texts.push_back(line.text);
        }
        return texts;
    }
};

} // namespace

TEST_CASE("a comment starts at # or !, outside of double quotes and not after a backslash") {
    CHECK(without_comment("  weight 1 # one") == "weight 1");
    CHECK(without_comment("! all of it").empty());
    CHECK(without_comment("script \"a # b ! c\" ! d") == "script \"a # b ! c\"");
    CHECK(without_comment("auth_pass a\\#b\\!c") == "auth_pass a#b!c");
    CHECK(without_comment("$A= \\ ") == "$A= \\");
    CHECK(without_comment("$A= x # why \\") == "$A= x\\");
}

TEST_CASE("words are what is between blanks; quotes keep blanks and are gone") {
    CHECK(words_of("abcd\" efg h jkl \"mnop") == Words{"abcd efg h jkl mnop"});
    CHECK(words_of("abcd \"efg h jkl\" mnop") == Words{"abcd", "efg h jkl", "mnop"});
    CHECK(words_of("a '' \"\"") == Words{"a", "", ""});
    CHECK(words_of(R"("a\tb\x41\101\"" 'c\'d' e\f)") == Words{"a\tbAA\"", "c'd", "e\\f"});
    CHECK(words_of(" \t ").empty());
    CHECK(program_of("/bin/x 'a b'  c") == Words{"/bin/x", "a b", "c"});
}

TEST_CASE("a definition is put wherever its name stands, at the time of the use") {
    CHECK(lines_of("$A=1\nx $A\ny ${A}0 $A\n$A=2\nx $A") == Words{"x 1", "y 10 1", "x 2"});
    CHECK(lines_of("$BASE=10.2.${SUB}\n$SUB=0\n${BASE}.1\n$SUB=10\n${BASE}.1") ==
          Words{"10.2.0.1", "10.2.10.1"});
    CHECK(lines_of("x $UNKNOWN ${UNKNOWN}") == Words{"x $UNKNOWN ${UNKNOWN}"});
    CHECK(lines_of("$A=1\nx $A.5 \"$\"") == Words{"x $A.5 \"$\""});
    CHECK(lines_of("$EMPTY=\n$EMPTY\nx ${EMPTY}y") == Words{"x y"});
    CHECK(lines_of("x ${_HASH}${_BANG} ${_INSTANCE}") == Words{"x #! director"});
}

TEST_CASE("a definition of several lines can use others and be used in others") {
    CHECK(lines_of("$R= \\\nreal $N { \\\n weight 1 \\\n}\n$V= \\\nvirtual { \\\n$N=1 \\\n$R \\\n"
                   "$N=2 \\\n$R \\\n}\n$V\n") ==
          Words{"virtual {", "real 1 {", "weight 1", "}", "real 2 {", "weight 1", "}", "}"});
}

TEST_CASE("a line that starts with @ is for the configuration of that name only") {
    CHECK(lines_of("@director a\n@other b\n@^director c\n@^other d\n@director") == Words{"a", "d"});
    CHECK(lines_of("$IF=@director\n$IF priority 1\n@other $P=2\n@director $P=3\nx $P") ==
          Words{"priority 1", "x 3"});
}

TEST_CASE("sequences and lists repeat the rest of their line") {
    CHECK(lines_of("~SEQ(N, 0, 2) a ${N}") == Words{"a 0", "a 1", "a 2"});
    CHECK(lines_of("~SEQ(N, 2) a $N") == Words{"a 1", "a 2"});
    CHECK(lines_of("~SEQ(N, 5, -2, 1) a $N") == Words{"a 5", "a 3", "a 1"});
    CHECK(lines_of("~SEQx(N, 0x90, 0x10, 0xa0) a ${N}") == Words{"a 90", "a a0"});
    CHECK(lines_of("~LST({A, B}, {1,2},{3,4}) ${A}.${B}") == Words{"1.2", "3.4"});
    CHECK(lines_of("~LST(A, 1, 2) ~SEQ(B, 5, 6) ${A}.${B}") == Words{"1.5", "1.6", "2.5", "2.6"});
}

TEST_CASE("a sequence without sense, or without end, is reported with its line") {
    for (const auto* text :
         {"~SEQ(N, 5, 1, 2) a", "~SEQ(N) a", "~SEQ(N, x, 3) a", "~SEQ N a", "~LST({A,B}, {1}) a",
          "~SEQ(N, 1, 999999999) a", "~OTHER(A, 1) a", "~SEQ(N, 1, 0, 5) a"}) {
        Report report;
        CHECK(lines_of(std::string("\n") + text, report).empty());
        REQUIRE(report.entries().size() == 1);
        CHECK(report.entries().front().origin.line == 2);
    }
}

TEST_CASE("files are included by patterns, relative to the file that includes them") {
    const Folder folder;
    folder.write("main.conf", "a\ninclude conf.d/*.conf\ninclude 'none/*.conf'\nz");
    folder.write("conf.d/1.conf", "b ${_PWD}\ninclude more/x\n");
    folder.write("conf.d/2.conf", "c");
    folder.write("conf.d/more/x", "$D=d\n$D");
    Report report;
    auto lines = folder.lines("main.conf", report);
    REQUIRE(lines.size() == 5);
    CHECK(has(lines[1], "/conf.d"));
    lines[1] = "b";
    CHECK(lines == Words{"a", "b", "d", "c", "z"});
    REQUIRE(report.entries().size() == 1);
    CHECK(report.entries().front().origin.line == 3);
}

TEST_CASE("where no files are to be read, includes are reported, not read") {
    const Folder folder;
    const auto path = folder.write("other.conf", "b");
    Report report;
    const auto lines = read_lines("a\ninclude " + path, "f", {.includes = false}, report);
    CHECK(lines.size() == 1);
    REQUIRE(report.entries().size() == 1);
    CHECK_THAT(report.entries().front().text,
               Catch::Matchers::ContainsSubstring("included files are not read"));
}

TEST_CASE("a file that includes itself, or too many, is malformed") {
    const Folder folder;
    folder.write("a", "\ninclude b");
    folder.write("b", "include ./a");
    Report report;
    CHECK_THROWS_WITH(folder.lines("a", report),
                      Catch::Matchers::ContainsSubstring("b:1: ") &&
                          Catch::Matchers::ContainsSubstring("includes itself"));
    for (int i = 0; i < 30; ++i) {
        folder.write("deep" + std::to_string(i), "include deep" + std::to_string(i + 1));
    }
    CHECK_THROWS_WITH(folder.lines("deep0", report), Catch::Matchers::ContainsSubstring("deep"));
    CHECK_THROWS_AS(read_file(folder.write("x/y", "") + "/..", false), std::runtime_error);
}

TEST_CASE("lines become blocks, wherever the braces are") {
    Report report;
    const auto blocks =
        blocks_of(read_lines("a 1 {\nb { c 2 }\nd\n{\n}\n}\ne \"{\" x", "f", {}, report));
    REQUIRE(blocks.size() == 2);
    CHECK(blocks[0].words == Words{"a", "1"});
    CHECK(blocks[0].last_line == 6);
    REQUIRE(blocks[0].items.size() == 2);
    CHECK(blocks[0].items[0].items[0].words == Words{"c", "2"});
    CHECK(blocks[0].items[1].braces);
    CHECK(blocks[1].words == Words{"e", "{", "x"});
    CHECK_FALSE(blocks[1].braces);
}

TEST_CASE("a brace that is missing is told of with the line where its block starts") {
    CHECK(malformed("\nvrrp_instance VI_1 {\ninterface eth0\n") ==
          "keepalived.conf:2: 'vrrp_instance VI_1 {' is never closed");
    CHECK(has(malformed("global_defs {\n}\n}\n"), "keepalived.conf:3: unexpected '}'"));
    CHECK(has(malformed("\n{\n}"), "keepalived.conf:2: unexpected '{'"));
    CHECK(has(malformed("a {\n}\n{\n}"), "keepalived.conf:3: unexpected '{'"));
    CHECK(
        has(malformed("\nvrrp_instanse VI_1 {\n}"), "keepalived.conf:2: keepalived has no block"));
}

TEST_CASE("what is made to exhaust memory or the stack is malformed") {
    CHECK(has(malformed(std::string("a\0b", 3)), "NUL"));
    std::string deep;
    for (int i = 0; i < 100'000; ++i) {
        deep += "a {\n";
    }
    CHECK(has(malformed(deep), "nested"));
    CHECK(has(malformed("$A=$A x\n$A"), "refers to itself"));
    CHECK(has(malformed("$A=${A}${A}\n$A"), "refers to itself"));
    CHECK(has(malformed("$A= \\\n$A \\\n\n$A"), ""));
    CHECK(has(malformed("$A= \\\nx \\\n$A\n$A"), "too deeply"));
    CHECK(has(malformed("~SEQ(A,1,1000) ~SEQ(B,1,1000) ~SEQ(C,1,1000) x"), "larger than"));
    CHECK(has(malformed(std::string(100'000, 'x')), "longer"));
    std::string doubled = "$A=xxxxxxxxxxxxxxxx\n";
    for (char name = 'A'; name < 'Z'; ++name) {
        doubled +=
            std::string("$") + static_cast<char>(name + 1) + "=${" + name + "}${" + name + "}\n";
    }
    CHECK(has(malformed(doubled + "x ${Z}"), "too long"));
}

TEST_CASE("any text ends in a result or in an error") {
    unsigned state = 1;
    const std::string pieces[] = {"vrrp_instance",
                                  "{",
                                  "}",
                                  "\n",
                                  " ",
                                  "\"",
                                  "'",
                                  "\\",
                                  "$A",
                                  "=",
                                  "${",
                                  "@",
                                  "~SEQ",
                                  "(",
                                  ")",
                                  ",",
                                  "virtual_server",
                                  "1",
                                  "-254",
                                  "weight",
                                  "track_script",
                                  "include",
                                  "real_server",
                                  "192.0.2.1",
                                  "group",
                                  "#",
                                  "interface",
                                  "TCP_CHECK"};
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        for (int i = 0; i < 60; ++i) {
            state = state * 1'103'515'245U + 12'345U;
            text += pieces[(state >> 16U) % std::size(pieces)];
        }
        try {
            imported(text);
        } catch (const Malformed&) {
        }
    }
    SUCCEED();
}
