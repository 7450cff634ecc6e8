// SPDX-License-Identifier: BSD-3-Clause
// Reads fields of a reply for display: what is missing or of another kind shows as nothing, and no
// control character reaches the terminal.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace lbd::lbctl {

// With every control character, C1 ones included, as '?'. For whatever comes from the daemon.
std::string printable(std::string_view text);

std::string text(const boost::json::object& object, std::string_view key);
double number(const boost::json::object& object, std::string_view key);
bool flag(const boost::json::object& object, std::string_view key);
const boost::json::array& list(const boost::json::object& object, std::string_view key);
const boost::json::object& child(const boost::json::object& object, std::string_view key);

// Of what has an address and a port.
bool is_ipv6(const boost::json::object& object);
std::string endpoint(const boost::json::object& object); // 192.0.2.1:80, [2001:db8::1]:80

std::string upper(std::string word);

// As ipvsadm does: plain up to 8 digits, then K, M, G, T.
std::string scaled(double value);
std::string duration(double seconds); // 3s, 12m03s, 5h07m, 3d04h
std::string padded(std::string_view text, std::size_t width);
std::string right(std::string_view text, std::size_t width);

} // namespace lbd::lbctl
