// SPDX-License-Identifier: BSD-3-Clause
// What the doctor says of one thing on the host.
#pragma once

#include <boost/json/array.hpp>
#include <string>
#include <vector>

namespace lbd::lbctl {

// note: works, and is worth knowing. warning: works worse than it could. problem: does not work.
enum class Severity { ok, note, warning, problem };

struct Finding {
    Severity severity = Severity::ok;
    std::string subject;            // hugepages, NIC 0000:3b:00.0, core 2
    std::string sentence;           // what is so, without a full stop
    std::vector<std::string> mends; // commands for a root shell, in order
};

using Findings = std::vector<Finding>;

bool has_problem(const Findings& findings);
std::string text(const Findings& findings);
boost::json::array as_json(const Findings& findings);

} // namespace lbd::lbctl
