// SPDX-License-Identifier: BSD-3-Clause
// What every reply on the control socket begins with; lbctl's own replies do, too.
#pragma once

#include <boost/json/object.hpp>

namespace lbd::control {

// Of tools/lbctl/lbctl.schema.json, which says what a reply has. Raised only when a member is
// removed or renamed, or changes its type, unit or meaning; a new one does not raise it.
constexpr int reply_schema = 1;

inline boost::json::object begin_reply(bool ok) {
    return {{"ok", ok}, {"schema", reply_schema}};
}

} // namespace lbd::control
