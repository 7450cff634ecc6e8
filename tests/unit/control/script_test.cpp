// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/script.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/catch.h"
#include "tests/unit/scratch.h"

namespace lbd::control {

namespace {

using namespace std::chrono_literals;

// A directory of one's own, with scripts.
class Workshop : public Scratch {
  public:
    std::string write(const std::string& text) const {
        const std::string file = path("check");
        std::ofstream(file) << "#!/bin/sh\n" << text << '\n';
        chmod(file.c_str(), 0700);
        return file;
    }
};

config::VrrpTrack track_of(std::vector<std::string> words) {
    config::VrrpTrack track{};
    track.kind = config::VrrpTrack::Kind::script;
    track.script = std::move(words);
    track.interval = 20ms;
    track.timeout = 10s;
    track.rise = track.fall = 1;
    return track;
}

class Runner {
  public:
    explicit Runner(const config::VrrpTrack& track) : script_(io_, track, [this] { ++changes_; }) {}
    // Until the result is another than before; false if it stays.
    bool awaits_change(std::chrono::seconds longest = 10s) {
        const auto end = std::chrono::steady_clock::now() + longest;
        const unsigned before = changes_;
        while (changes_ == before && std::chrono::steady_clock::now() < end) io_.run_one_for(100ms);
        return changes_ != before;
    }
    const std::string& failure() const { return script_.failure(); }

  private:
    boost::asio::io_context io_;
    unsigned changes_ = 0;
    Script script_;
};

std::string first_result(const config::VrrpTrack& track) {
    Runner runner(track);
    CHECK(runner.failure() == "has not run yet");
    CHECK(runner.awaits_change());
    return runner.failure();
}

// A zombie does not: whoever adopts it may leave it for a while.
bool runs(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string pid, name, state;
    file >> pid >> name >> state;
    return file && state != "Z";
}

} // namespace

TEST_CASE("a script is well if it exits with 0") {
    const Workshop workshop;
    CHECK(first_result(track_of({workshop.write("exit 0")})).empty());
    CHECK(first_result(track_of({workshop.write("exit 3")})) == "exited with 3");
    CHECK(first_result(track_of({workshop.write("kill -9 $$")})) == "was ended by signal 9");
    CHECK(first_result(track_of({workshop.write("test \"$1 $2\" = 'a b;c'"), "a", "b;c"})).empty());
}

TEST_CASE("a script that takes too long is ended with what it has started") {
    const Workshop workshop;
    const std::string pid_file = workshop.path("pid");
    auto track = track_of({workshop.write("sleep 600 & echo $! > " + pid_file + "; wait")});
    track.timeout = 300ms;
    CHECK(first_result(track) == "took too long");
    pid_t child = 0;
    std::ifstream(pid_file) >> child;
    REQUIRE(child > 1);
    for (int i = 0; i < 100 && runs(child); ++i) usleep(10'000);
    CHECK_FALSE(runs(child));
}

TEST_CASE("what cannot be run has failed, with the reason") {
    const Workshop workshop;
    CHECK_THAT(first_result(track_of({workshop.path("nothing")})),
               Catch::Matchers::ContainsSubstring("No such file"));
    const std::string file = workshop.write("exit 0");
    chmod(file.c_str(), 0600);
    CHECK_THAT(first_result(track_of({file})),
               Catch::Matchers::ContainsSubstring("Permission denied"));
}

TEST_CASE("a script that others could have written is not run") {
    const Workshop workshop;
    const std::string file = workshop.write("touch " + workshop.path("ran"));
    chmod(file.c_str(), 0722);
    CHECK(first_result(track_of({file})) ==
          "is not run: " + file + " can be written by others than root");
    CHECK_FALSE(std::filesystem::exists(workshop.path("ran")));
}

TEST_CASE("it takes rise successes and fall failures to change the result") {
    const Workshop workshop;
    // Fails from the second run to the fifth.
    const std::string count = workshop.path("count");
    auto track = track_of({workshop.write("echo >> " + count + "; n=$(wc -l < " + count +
                                          "); [ $n -lt 2 ] || [ $n -gt 5 ]")});
    track.fall = 3;
    track.rise = 2;
    Runner runner(track);
    const auto runs = [&] {
        std::ifstream file(count);
        return std::count(std::istreambuf_iterator<char>(file), {}, '\n');
    };
    REQUIRE(runner.awaits_change()); // the first counts at once
    CHECK(runner.failure().empty());
    CHECK(runs() == 1);
    REQUIRE(runner.awaits_change());
    CHECK(runner.failure() == "exited with 1");
    CHECK(runs() == 4);
    REQUIRE(runner.awaits_change());
    CHECK(runner.failure().empty());
    CHECK(runs() == 7);
}

} // namespace lbd::control
