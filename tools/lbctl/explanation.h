// SPDX-License-Identifier: BSD-3-Clause
// What `lbctl explain` prints: a few lines about one flow.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

namespace lbd::lbctl {

std::string explanation_lines(const boost::json::object& data);

// The request for the words behind the command. Throws std::invalid_argument if there are not two.
boost::json::object explain_request(const std::vector<std::string>& arguments);

} // namespace lbd::lbctl
