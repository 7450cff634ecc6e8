// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/asio/ip/address.hpp>

namespace lbd::vrrp {

// Of either family, without a scope: which link is meant is said beside it.
using Address = boost::asio::ip::address;

} // namespace lbd::vrrp
