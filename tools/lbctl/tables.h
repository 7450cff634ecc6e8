// SPDX-License-Identifier: BSD-3-Clause
// The tables that lbctl prints, in the shapes that users of ipvsadm know.
#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace lbd::lbctl {

std::string stats_table(const boost::json::object& data);
std::string services_table(const boost::json::object& data);    // ipvsadm -ln
std::string rate_table(const boost::json::object& data);        // ipvsadm -ln --rate
std::string connections_table(const boost::json::object& data); // ipvsadm -lcn
std::string vrrp_table(const boost::json::object& data);
std::string sync_table(const boost::json::object& data);
std::string health_table(const boost::json::object& data);
std::string reload_table(const boost::json::object& data);

} // namespace lbd::lbctl
