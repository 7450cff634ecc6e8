// SPDX-License-Identifier: BSD-3-Clause
#include "lb/build_info/build_info.h"

#include <algorithm>
#include <string>

#include "tests/unit/catch.h"

namespace lbd {

TEST_CASE("the version text is one line with everything the build is made of") {
    const BuildInfo& info = build_info();
    CHECK(version_text("lbctl") == "lbctl " + std::string(info.version) + " (commit " +
                                       std::string(info.commit) + ", DPDK " +
                                       std::string(info.dpdk) + ", " + std::string(info.compiler) +
                                       ", " + std::string(info.build_type) + ")");
}

TEST_CASE("no fact about the build is empty or a placeholder") {
    const BuildInfo& info = build_info();
    for (const std::string_view fact :
         {info.version, info.commit, info.dpdk, info.compiler, info.build_type}) {
        CHECK_FALSE(fact.empty());
        CHECK(fact.find_first_of("@$\"\\\n") == std::string_view::npos);
    }
    CHECK(std::count(info.version.begin(), info.version.end(), '.') == 2);
}

TEST_CASE("the commit is twelve digits, perhaps dirty, or unknown") {
    std::string_view commit = build_info().commit;
    if (commit == "unknown") return;
    if (commit.ends_with("-dirty")) commit.remove_suffix(6);
    CHECK(commit.size() == 12);
    CHECK(commit.find_first_not_of("0123456789abcdef") == std::string_view::npos);
}

} // namespace lbd
