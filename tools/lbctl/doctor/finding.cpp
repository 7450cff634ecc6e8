// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/doctor/finding.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <string_view>
#include <utility>

#include "tools/lbctl/fields.h"

namespace lbd::lbctl {

namespace {

std::string_view word(Severity severity) {
    switch (severity) {
        case Severity::ok:
            return "ok";
        case Severity::note:
            return "note";
        case Severity::warning:
            return "warning";
        case Severity::problem:
            return "problem";
    }
    return "";
}

} // namespace

bool has_problem(const Findings& findings) {
    return std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
        return finding.severity == Severity::problem;
    });
}

std::string text(const Findings& findings) {
    std::string out;
    for (const Finding& finding : findings) {
        out += padded(word(finding.severity), 9) + printable(finding.subject) + ": " +
               printable(finding.sentence) + '\n';
        for (const std::string& command : finding.mends)
            out += "    mend: " + printable(command) + '\n';
    }
    return out;
}

boost::json::array as_json(const Findings& findings) {
    boost::json::array out;
    for (const Finding& finding : findings) {
        boost::json::object object;
        object["severity"] = word(finding.severity);
        object["subject"] = finding.subject;
        object["sentence"] = finding.sentence;
        object["mend"] = boost::json::array(finding.mends.begin(), finding.mends.end());
        out.push_back(std::move(object));
    }
    return out;
}

} // namespace lbd::lbctl
