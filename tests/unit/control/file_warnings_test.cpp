// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/file_warnings.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "config/load.h"
#include "tests/unit/catch.h"
#include "tests/unit/scratch.h"

namespace lbd::control {

namespace {

class Place : public Scratch {
  public:
    Place() { chmod(path().c_str(), 0755); }

    // Loads the file and looks at it.
    std::vector<std::string> warnings(const std::string& more, mode_t mode = 0600) const {
        std::ofstream(file()) << "ports: [{device: 'af_packet:eth1', addresses: [10.0.0.2/24]}]\n"
                              << "control: {socket: " << path() << "/lbd.sock}\n"
                              << more;
        chmod(file().c_str(), mode);
        return file_warnings(file(), config::load_file(file()));
    }
    std::string file() const { return path("lbd.yaml"); }
};

const std::string key = "sync: {peers: [10.0.0.3], key: 0123456789abcdef}\n";
const std::string password =
    "vrrp: [{name: v, vrid: 1, version: 2, password: hunter2, virtual_addresses: [10.0.0.9]}]\n";

} // namespace

TEST_CASE("a file that everybody can read is warned of if it has secrets") {
    const Place place;
    const std::vector<std::string> warning{"everybody can read the password or key in " +
                                           place.file() + ": chmod 600"};
    CHECK(place.warnings("", 0644).empty());
    for (const std::string& secret : {key, password}) {
        CHECK(place.warnings(secret, 0644) == warning);
        CHECK(place.warnings(secret, 0640).empty());
    }
    chmod(place.path().c_str(), 0700); // nobody gets as far as the file
    CHECK(place.warnings(key, 0644).empty());
}

TEST_CASE("a file that others can write is warned of, secrets or not") {
    const Place place;
    const auto warnings = place.warnings("", 0660);
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0] == "whoever can change this file can have programs run as root: " +
                             place.file() + " can be written by others than root");
}

TEST_CASE("a directory that others can write is theirs, with file, scripts and socket") {
    const Place place;
    chmod(place.path().c_str(), 0777);
    const std::string script = place.path() + "/told";
    std::ofstream(script) << "#!/bin/sh\n";
    const std::string doubt = place.path() + " can be written by others than root";
    CHECK(place.warnings("notifications: {scripts: [{script: [" + script + "]}]}\n") ==
          std::vector<std::string>{
              "whoever can change this file can have programs run as root: " + doubt,
              "the script " + script + " will not be run: " + doubt,
              "the control socket can be another's: " + doubt});
}

TEST_CASE("scripts of every kind are looked at, and each once") {
    const Place place;
    const std::string none = "[" + place.path() + "/none]";
    const std::string vrrp = "vrrp: [{name: v, vrid: 1, virtual_addresses: [10.0.0.9], ";
    const std::string service = "services: [{name: s, address: 10.0.0.9, port: 80, ";
    const std::vector<std::string> warning{"the script " + place.path() +
                                           "/none will not be run: No such file or directory"};
    for (const std::string& text : {
             "notifications: {scripts: [{script: " + none + "}, {script: " + none + "}]}\n",
             vrrp + "notify: [{script: " + none + "}]}]\n",
             vrrp + "track: [{script: " + none + "}]}]\n",
             service + "notify: [{script: " + none + "}], backends: [{address: 10.0.0.11}]}]\n",
             service + "backends: [{address: 10.0.0.11, notify: [{script: " + none + "}]}]}]\n",
             service + "health: {type: script, script: " + none +
                 "}, backends: [{address: 10.0.0.11}]}]\n",
         }) {
        INFO(text);
        CHECK(place.warnings(text) == warning);
    }
}

} // namespace lbd::control
