// SPDX-License-Identifier: BSD-3-Clause
#include "lb/dataplane/eal.h"

#include <algorithm>

#include "tests/unit/catch.h"

namespace lbd::dataplane {

namespace {

bool has(const std::vector<std::string>& arguments, const std::string& wanted) {
    return std::find(arguments.begin(), arguments.end(), wanted) != arguments.end();
}

// What follows `option`.
std::string value(const std::vector<std::string>& arguments, const std::string& option) {
    const auto at = std::find(arguments.begin(), arguments.end(), option);
    return at == arguments.end() || at + 1 == arguments.end() ? std::string() : *(at + 1);
}

} // namespace

TEST_CASE("workers get the cores that they were given, one each") {
    EalOptions options;
    options.name = std::string("a"); // GCC 12 warns of a plain literal when a sanitizer is on
    options.workers = 2;
    options.worker_cores = {4, 6};
    options.control_core = 1;
    const auto arguments = eal_arguments(options, {0, 1, 2, 3, 4, 5, 6, 7});
    CHECK(value(arguments, "--lcores") == "0@1,1@4,2@6");
    CHECK(value(arguments, "--file-prefix") == "lbd-a");
}

TEST_CASE("workers without cores share those that the process may use") {
    EalOptions options;
    options.workers = 2;
    CHECK(value(eal_arguments(options, {2, 3}), "--lcores") == "0@(2,3),1@(2,3),2@(2,3)");
}

TEST_CASE("hugepages leave no file, and are done without on request") {
    EalOptions options;
    CHECK(has(eal_arguments(options, {0}), "--huge-unlink=always"));
    options.hugepages = false;
    options.megabytes = 100;
    CHECK(has(eal_arguments(options, {0}), "--no-huge"));
    CHECK_FALSE(has(eal_arguments(options, {0}), "--huge-unlink=always"));
    CHECK(value(eal_arguments(options, {0}), "-m") == "100");
}

TEST_CASE("whoever captures packets opens the files of hugepages") {
    EalOptions options;
    options.capture = true;
    CHECK(has(eal_arguments(options, {0}), "--huge-unlink=existing"));
    CHECK_FALSE(has(eal_arguments(options, {0}), "--huge-unlink=always"));
    options.hugepages = false;
    CHECK(has(eal_arguments(options, {0}), "--no-huge"));
    CHECK_FALSE(has(eal_arguments(options, {0}), "--huge-unlink=existing"));
}

TEST_CASE("only the devices that are configured are touched") {
    EalOptions options;
    options.virtual_devices = {"net_af_packet0,iface=eth0"};
    CHECK(has(eal_arguments(options, {0}), "--no-pci"));
    CHECK(has(eal_arguments(options, {0}), "--iova-mode=va"));
    CHECK(value(eal_arguments(options, {0}), "--vdev") == "net_af_packet0,iface=eth0");
    options.pci_devices = {"0000:3b:00.0"};
    CHECK_FALSE(has(eal_arguments(options, {0}), "--no-pci"));
    CHECK_FALSE(has(eal_arguments(options, {0}), "--iova-mode=va"));
    CHECK(value(eal_arguments(options, {0}), "-a") == "0000:3b:00.0");
}

} // namespace lbd::dataplane
