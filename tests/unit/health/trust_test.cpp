// SPDX-License-Identifier: BSD-3-Clause
#include "health/trust.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/catch.h"
#include "tests/unit/scratch.h"

namespace lbd::health {

namespace {

constexpr uid_t nobody = 65534;

// A directory of root's in /tmp. Needs root, as only root gives files away.
class Place : public Scratch {
  public:
    std::string directory(const std::string& name, mode_t mode = 0755) const {
        std::filesystem::create_directory(path(name));
        chmod(path(name).c_str(), mode);
        return path(name);
    }
    std::string file(const std::string& name, mode_t mode = 0755) const {
        std::ofstream(path(name)) << "#!/bin/sh\n";
        chmod(path(name).c_str(), mode);
        return path(name);
    }
    std::string link(const std::string& name, const std::string& target) const {
        std::filesystem::create_symlink(target, path(name));
        return path(name);
    }
};

std::string blames(const std::string& path) {
    return path + " can be written by others than root";
}

} // namespace

TEST_CASE("a file of root's in directories of root's is trusted, also below /tmp") {
    const Place place;
    CHECK(distrust(place.file("check")).empty());
    CHECK(distrust("/usr/bin/env").empty()); // through the link /bin or not
}

TEST_CASE("a file that others may write or own is not trusted") {
    const Place place;
    for (const mode_t mode : {0775, 0757, 0777}) {
        const std::string file = place.file("check", mode);
        CHECK(distrust(file) == blames(file));
    }
    const std::string given = place.file("given");
    REQUIRE(chown(given.c_str(), nobody, 0) == 0);
    CHECK(distrust(given) == blames(given));
}

TEST_CASE("a directory on the way that others may write is found") {
    const Place place;
    const std::string open = place.directory("open", 0777);
    place.directory("open/inner");
    CHECK(distrust(place.file("open/inner/check")) == blames(open));
    CHECK(distrust(place.path("open/../open/inner/check")) == blames(open));
    chmod(open.c_str(), 01777); // as /tmp: what is in it is its owner's
    CHECK(distrust(place.path("open/inner/check")).empty());
    chmod(open.c_str(), 0755);
    REQUIRE(chown(open.c_str(), nobody, 0) == 0);
    CHECK(distrust(place.path("open/inner/check")) == blames(open));
}

TEST_CASE("a symbolic link is followed, and whoever could replace it is not trusted") {
    const Place place;
    const std::string target = place.file("check");
    const std::string open = place.directory("open", 0777);
    place.directory("own");
    CHECK(distrust(place.link("own/absolute", target)).empty());
    CHECK(distrust(place.link("own/relative", "../check")).empty());
    CHECK(distrust(place.link("own/way", place.path("open/way"))) ==
          blames(open)); // although there is nothing wrong with where it ends
    place.link("open/way", target);
    CHECK(distrust(place.path("open/way")) == blames(open));
    CHECK(distrust(place.path("own/way")) == blames(open));
    // In a directory with the sticky bit it is the owner of the link who could.
    chmod(open.c_str(), 01777);
    CHECK(distrust(place.path("open/way")).empty());
    REQUIRE(lchown(place.path("open/way").c_str(), nobody, 0) == 0);
    CHECK(distrust(place.path("open/way")) == blames(place.path("open/way")));
}

TEST_CASE("a path that leads nowhere says so") {
    const Place place;
    CHECK(distrust(place.path("none")) == "No such file or directory");
    place.link("round", place.path("round"));
    CHECK(distrust(place.path("round")) == "Too many levels of symbolic links");
}

} // namespace lbd::health
