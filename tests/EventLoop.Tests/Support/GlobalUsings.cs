global using EventLoop.Tests.Support;
