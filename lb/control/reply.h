// SPDX-License-Identifier: BSD-3-Clause
// The form of every reply on the control socket, and of lbctl's own.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lbd::control {

// Of tools/lbctl/lbctl.schema.json, which says what a reply has. Raised only when a member is
// removed or renamed, or changes its type, unit or meaning; a new one does not raise it.
constexpr int reply_schema = 1;

inline boost::json::object begin_reply(bool ok) {
    return {{"ok", ok}, {"schema", reply_schema}};
}

inline boost::json::object success(boost::json::value data) {
    boost::json::object reply = begin_reply(true);
    reply["data"] = std::move(data);
    return reply;
}

inline boost::json::object failure(std::string_view error,
                                   const std::vector<std::string>& details = {}) {
    boost::json::object reply = begin_reply(false);
    reply["error"] = error;
    reply["details"] = boost::json::array(details.begin(), details.end());
    return reply;
}

} // namespace lbd::control
