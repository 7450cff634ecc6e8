// SPDX-License-Identifier: BSD-3-Clause
// lbctl backend: what an operator does to a backend by hand.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace lbd::lbctl {

// Of "drain 10.0.0.11", "weight 10.0.0.11 5" and so on. Throws std::invalid_argument that says what
// is allowed.
boost::json::object backend_request(const std::vector<std::string>& arguments,
                                    const std::string& service);

// The connections that the backends of this address still have, of one service or of all, by what
// `lbctl stats` says. Nothing if there is no such backend.
std::optional<double> connections_left(const boost::json::object& stats, const std::string& address,
                                       const std::string& service);

// Returns when the last connection is gone; tells `progress` how many there are as they change.
void await_drained(const std::string& socket, const std::string& address,
                   const std::string& service, std::ostream& progress);

} // namespace lbd::lbctl
